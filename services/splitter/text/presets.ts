// Access logs that need no pattern of one's own. Sources: Apache HTTP Server "Log Files" (combined), Amazon S3 User Guide "Server access
// log format", Elastic Load Balancing "Access logs for your Application Load Balancer", CloudFront "Standard logs (legacy) file fields".
import type { FieldKind } from "./fields.ts";

export interface Preset {
  /** Cuts a line into named groups. */
  readonly expression: RegExp;
  /** Fields that are no plain text. */
  readonly kinds: Readonly<Record<string, FieldKind>>;
  /** Lines that begin like this are directives, not records: they count as blank. */
  readonly directive?: string;
  /** Puts the fields `date` and `time` together. */
  readonly joinDateAndTime?: true;
}

/** A field in double quotes; quotes within it are escaped with a backslash. */
const quoted = (name: string): string => String.raw`"(?<${name}>(?:[^"\\]|\\.)*)"`;
const plain = (name: string): string => String.raw`(?<${name}>\S+)`;
/** S3 and load balancers do not escape quotes within a field: the next quote before a space ends it. */
const loose = (name: string): string => `(?:"(?<${name}>.*?)"(?= |$)|-)`;
const request = (quotes: "strict" | "loose"): string =>
  quotes === "strict" ? quoted("request") : loose("request");

const combined = new RegExp(
  `^${plain("remote_host")} ${plain("ident")} ${plain("user")} \\[(?<time>[^\\]]+)\\] ${request("strict")} ` +
    `(?<status>\\d{3}|-) (?<bytes>\\d+|-)(?: ${quoted("referer")} ${quoted("user_agent")})?\\s*$`,
);

const s3Access = new RegExp(
  `^${plain("bucket_owner")} ${plain("bucket")} \\[(?<time>[^\\]]+)\\] ${plain("remote_ip")} ${plain("requester")} ` +
    `${plain("request_id")} ${plain("operation")} ${plain("key")} ${request("loose")} (?<status>\\d+|-) ${plain("error_code")} ` +
    `(?<bytes_sent>\\d+|-) (?<object_size>\\d+|-) (?<total_time_ms>\\d+|-) (?<turn_around_time_ms>\\d+|-) ` +
    `${loose("referer")} ${loose("user_agent")} ${plain("version_id")}` +
    optional([
      "host_id",
      "signature_version",
      "cipher_suite",
      "authentication_type",
      "host_header",
      "tls_version",
      "access_point_arn",
      "acl_required",
    ]) +
    "(?: .*)?$",
);

const alb = new RegExp(
  `^${plain("type")} ${plain("time")} ${plain("elb")} ${plain("client")} ${plain("target")} ` +
    `${plain("request_processing_seconds")} ${plain("target_processing_seconds")} ${plain("response_processing_seconds")} ` +
    `${plain("elb_status")} ${plain("target_status")} ${plain("received_bytes")} ${plain("sent_bytes")} ` +
    `${request("loose")} ${loose("user_agent")} ${plain("ssl_cipher")} ${plain("ssl_protocol")} ${plain("target_group_arn")} ` +
    `${loose("trace_id")} ${loose("domain_name")} ${loose("chosen_cert_arn")} ${plain("matched_rule_priority")} ` +
    `${plain("request_creation_time")} ${loose("actions_executed")} ${loose("redirect_url")} ${loose("error_reason")}` +
    `(?: ${loose("targets")} ${loose("target_statuses")}(?: ${loose("classification")} ${loose("classification_reason")})?)?` +
    `(?: (?<connection_trace_id>[^\\s"]+))?(?: .*)?$`,
);

/** In the order of the file. Files from before a field was added end earlier; its first twelve have always been there. */
const CLOUDFRONT_FIELDS =
  "date time x_edge_location sc_bytes c_ip cs_method cs_host cs_uri_stem sc_status cs_referer cs_user_agent cs_uri_query cs_cookie x_edge_result_type x_edge_request_id x_host_header cs_protocol cs_bytes time_taken x_forwarded_for ssl_protocol ssl_cipher x_edge_response_result_type cs_protocol_version fle_status fle_encrypted_fields c_port time_to_first_byte x_edge_detailed_result_type sc_content_type sc_content_len sc_range_start sc_range_end".split(
    " ",
  );
const CLOUDFRONT_ALWAYS = 12;

const cloudfront = new RegExp(
  `^${CLOUDFRONT_FIELDS.slice(0, CLOUDFRONT_ALWAYS)
    .map((name) => `(?<${name}>[^\\t]*)`)
    .join("\\t")}${optional(CLOUDFRONT_FIELDS.slice(CLOUDFRONT_ALWAYS), "\\t", "[^\\t]*")}$`,
);

/** Fields that newer files have at the end: each only when all before it are there. */
function optional(names: readonly string[], separator = " ", pattern = "\\S+"): string {
  return names.reduceRight((rest, name) => `(?:${separator}(?<${name}>${pattern})${rest})?`, "");
}

const numbers = (...names: string[]): Record<string, FieldKind> =>
  Object.fromEntries(names.map((name) => [name, "number" as const]));

export const PRESETS: Readonly<Record<string, Preset>> = {
  combined: { expression: combined, kinds: { time: "clf_time", ...numbers("status", "bytes") } },
  s3_access: {
    expression: s3Access,
    kinds: {
      time: "clf_time",
      ...numbers("status", "bytes_sent", "object_size", "total_time_ms", "turn_around_time_ms"),
    },
  },
  alb: {
    expression: alb,
    kinds: numbers(
      "request_processing_seconds",
      "target_processing_seconds",
      "response_processing_seconds",
      "elb_status",
      "target_status",
      "received_bytes",
      "sent_bytes",
      "matched_rule_priority",
    ),
  },
  cloudfront: {
    expression: cloudfront,
    directive: "#",
    joinDateAndTime: true,
    kinds: numbers(
      "sc_bytes",
      "sc_status",
      "cs_bytes",
      "time_taken",
      "fle_encrypted_fields",
      "c_port",
      "time_to_first_byte",
      "sc_content_len",
      "sc_range_start",
      "sc_range_end",
    ),
  },
};
