import assert from "node:assert/strict";
import { isRouterError } from "../../../../shared/errors/router-error.ts";
import { lineParser } from "../../../../services/splitter/text/line-parser.ts";
import { rowsOf, split } from "../split-helpers.ts";

/** Lines from the formats' own documentation. */
const EXAMPLES: Record<string, [string, Record<string, unknown> | undefined][]> = {
  combined: [
    [
      '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"',
      {
        remote_host: "127.0.0.1",
        user: "frank",
        time: "2000-10-10T13:55:36-07:00",
        request: "GET /apache_pb.gif HTTP/1.0",
        status: 200,
        bytes: 2326,
        referer: "http://www.example.com/start.html",
        user_agent: "Mozilla/4.08 [en] (Win98; I ;Nav)",
      },
    ],
    [
      String.raw`::1 - - [01/Jan/2024:00:00:00 +0000] "GET /\"q\" HTTP/1.1" 304 - "-" "-"`,
      {
        remote_host: "::1",
        time: "2024-01-01T00:00:00+00:00",
        request: String.raw`GET /\"q\" HTTP/1.1`,
        status: 304,
      },
    ],
    [
      '10.0.0.1 - - [01/Jan/2024:00:00:00 +0000] "GET / HTTP/1.1" 200 5',
      {
        remote_host: "10.0.0.1",
        time: "2024-01-01T00:00:00+00:00",
        request: "GET / HTTP/1.1",
        status: 200,
        bytes: 5,
      },
    ],
    ["not a line of a log", undefined],
  ],
  s3_access: [
    [
      '79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be amzn-s3-demo-bucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be 3E57427F3EXAMPLE REST.GET.VERSIONING - "GET /amzn-s3-demo-bucket1?versioning HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 arn:aws:s3:us-west-1:123456789012:accesspoint/example-AP Yes',
      {
        bucket_owner: "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be",
        bucket: "amzn-s3-demo-bucket1",
        time: "2019-02-06T00:00:38+00:00",
        remote_ip: "192.0.2.3",
        requester: "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be",
        request_id: "3E57427F3EXAMPLE",
        operation: "REST.GET.VERSIONING",
        request: "GET /amzn-s3-demo-bucket1?versioning HTTP/1.1",
        status: 200,
        bytes_sent: 113,
        total_time_ms: 7,
        user_agent: "S3Console/0.4",
        host_id: "s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234=",
        signature_version: "SigV4",
        cipher_suite: "ECDHE-RSA-AES128-GCM-SHA256",
        authentication_type: "AuthHeader",
        host_header: "amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com",
        tls_version: "TLSV1.2",
        access_point_arn: "arn:aws:s3:us-west-1:123456789012:accesspoint/example-AP",
        acl_required: "Yes",
      },
    ],
  ],
  alb: [
    [
      'https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/ HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 2018-07-02T22:22:48.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90',
      {
        type: "https",
        time: "2018-07-02T22:23:00.186641Z",
        elb: "app/my-loadbalancer/50dc6c495c0c9188",
        client: "192.168.131.39:2817",
        target: "10.0.0.1:80",
        request_processing_seconds: 0.086,
        target_processing_seconds: 0.048,
        response_processing_seconds: 0.037,
        elb_status: 200,
        target_status: 200,
        received_bytes: 0,
        sent_bytes: 57,
        request: "GET https://www.example.com:443/ HTTP/1.1",
        user_agent: "curl/7.46.0",
        ssl_cipher: "ECDHE-RSA-AES128-GCM-SHA256",
        ssl_protocol: "TLSv1.2",
        target_group_arn:
          "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067",
        trace_id: "Root=1-58337281-1d84f3d73c47ec4e58577259",
        domain_name: "www.example.com",
        chosen_cert_arn:
          "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012",
        matched_rule_priority: 1,
        request_creation_time: "2018-07-02T22:22:48.364000Z",
        actions_executed: "authenticate,forward",
        targets: "10.0.0.1:80",
        target_statuses: "200",
        connection_trace_id: "TID_1234abcd5678ef90",
      },
    ],
    [
      'http 2018-11-30T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 - 0.000 0.001 0.000 502 - 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337364-23a8c76965a2ef7629b185e3" "-" "-" 0 2018-11-30T22:22:48.364000Z "forward" "-" "LambdaInvalidResponse" "-" "-" "-" "-"',
      {
        type: "http",
        time: "2018-11-30T22:23:00.186641Z",
        elb: "app/my-loadbalancer/50dc6c495c0c9188",
        client: "192.168.131.39:2817",
        request_processing_seconds: 0,
        target_processing_seconds: 0.001,
        response_processing_seconds: 0,
        elb_status: 502,
        received_bytes: 34,
        sent_bytes: 366,
        request: "GET http://www.example.com:80/ HTTP/1.1",
        user_agent: "curl/7.46.0",
        target_group_arn:
          "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067",
        trace_id: "Root=1-58337364-23a8c76965a2ef7629b185e3",
        matched_rule_priority: 0,
        request_creation_time: "2018-11-30T22:22:48.364000Z",
        actions_executed: "forward",
        error_reason: "LambdaInvalidResponse",
      },
    ],
  ],
  cloudfront: [
    [
      "2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.100\tGET\td111111abcdef8.cloudfront.net\t/index.html\t200\t-\tMozilla/5.0\t-\t-\tHit\tSOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==\td111111abcdef8.cloudfront.net\thttps\t23\t0.001\t-\tTLSv1.2\tECDHE-RSA-AES128-GCM-SHA256\tHit\tHTTP/2.0\t-\t-\t11040\t0.001\tHit\ttext/html\t78\t-\t-",
      {
        time: "2019-12-04T21:02:31Z",
        x_edge_location: "LAX1",
        sc_bytes: 392,
        c_ip: "192.0.2.100",
        cs_method: "GET",
        cs_host: "d111111abcdef8.cloudfront.net",
        cs_uri_stem: "/index.html",
        sc_status: 200,
        cs_user_agent: "Mozilla/5.0",
        x_edge_result_type: "Hit",
        x_edge_request_id: "SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==",
        x_host_header: "d111111abcdef8.cloudfront.net",
        cs_protocol: "https",
        cs_bytes: 23,
        time_taken: 0.001,
        ssl_protocol: "TLSv1.2",
        ssl_cipher: "ECDHE-RSA-AES128-GCM-SHA256",
        x_edge_response_result_type: "Hit",
        cs_protocol_version: "HTTP/2.0",
        c_port: 11040,
        time_to_first_byte: 0.001,
        x_edge_detailed_result_type: "Hit",
        sc_content_type: "text/html",
        sc_content_len: 78,
      },
    ],
    ["2019-12-04\t21:02:31\tLAX1", undefined],
  ],
};

describe("lineParser", () => {
  for (const [name, examples] of Object.entries(EXAMPLES)) {
    for (const [line, expected] of examples) {
      it(`${name}: ${line.slice(0, 50)}`, () => {
        const parsed = lineParser({ name }).parse(line);

        assert.deepEqual(parsed.kind === "object" ? JSON.parse(parsed.json) : undefined, expected);
      });
    }
  }

  it("takes the named groups of an expression as members, `-` as absent", () => {
    const parser = lineParser({ name: "mine", expression: String.raw`^(?<level>\S+) (?<text>.*)$` });

    assert.deepEqual(parser.parse('WARN say "hi"'), {
      kind: "object",
      json: '{"level":"WARN","text":"say \\"hi\\""}',
    });
    assert.deepEqual(parser.parse("- x"), { kind: "object", json: '{"text":"x"}' });
    assert.deepEqual(parser.parse("nothing"), { kind: "none" });
  });

  for (const pattern of [
    undefined,
    { name: "nope" },
    { name: "toString" },
    { name: "p", expression: "(" },
    { name: "p", expression: "x" },
  ]) {
    it(`refuses ${JSON.stringify(pattern)} as configuration`, () => {
      assert.throws(
        () => lineParser(pattern),
        (error) => isRouterError(error, "CONFIG_INVALID"),
      );
    });
  }
});

const config = (extra: object = {}, rest: object = {}): Record<string, unknown> => ({
  sources: [{ match: "*.log", format: "text", pattern: "combined", ...extra }],
  ...rest,
});

describe("format text", () => {
  const good = '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1';

  it("makes rows of matching lines, blank ones of empty lines, and keeps the others' bytes", async () => {
    const latin1 = Buffer.from(
      '127.0.0.1 - caf\xe9 [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1',
      "latin1",
    );
    const bytes = Buffer.concat([
      Buffer.from(`${good}\r\n\r\nnonsense \r\n`),
      latin1,
      Buffer.from(`\n${good}`),
    ]);

    const { receipt, quarantined, types } = await split(bytes, { config: config() });

    assert.deepEqual(receipt.lines, {
      total: 5,
      rows: 2,
      quarantined: 2,
      dropped: 0,
      blank: 1,
      normalised: 0,
    });
    assert.deepEqual(
      quarantined.map(({ line, offset, reason, raw }) => [
        line,
        offset,
        reason,
        Buffer.from(raw).toString("latin1"),
      ]),
      [
        [3, good.length + 4, "not_matched", "nonsense "],
        [4, good.length + 4 + 11, "invalid_utf8", latin1.toString("latin1")],
      ],
    );
    const rows = rowsOf(types.get("combined")!);
    assert.deepEqual(
      rows.map((row) => [row["_lr_line"], row["status"], row["time"]]),
      [
        [1, 200, "2000-10-10T13:55:36-07:00"],
        [5, 200, "2000-10-10T13:55:36-07:00"],
      ],
    );
  });

  it("quarantines by rule with the line's own bytes", async () => {
    const { quarantined } = await split(`${good}\n`, {
      config: config({ constant_event_type: "access" }, { routes: [{ match: "access", quarantine: true }] }),
    });

    assert.equal(Buffer.from(quarantined[0]!.raw).toString(), good);
  });

  it("takes a field as the event type when the pattern has one", async () => {
    const { types } = await split("a 1\nb 2\n", {
      config: config({ pattern: "mine", event_type: "kind" }, { patterns: { mine: "^(?<kind>.) (?<n>.)$" } }),
    });

    assert.deepEqual([...types.keys()], ["a", "b"]);
  });

  it("counts header directives of CloudFront as blank", async () => {
    const text = `#Version: 1.0\n#Fields: date time\n${EXAMPLES["cloudfront"]![0]![0]}\n`;

    const { receipt } = await split(text, { config: config({ pattern: "cloudfront" }) });

    assert.deepEqual(receipt.lines, {
      total: 3,
      rows: 1,
      quarantined: 0,
      dropped: 0,
      blank: 2,
      normalised: 0,
    });
  });
});
