// COPY … FROM 's3://…' with JSON: the option list as documented, and the combinations that Redshift refuses.
import { readTableName, readName, type TableName } from "../sql/identifiers.ts";
import { Reader, splitCommas } from "../sql/reader.ts";
import type { Token } from "../sql/tokens.ts";
import { SqlError } from "../sql/sql-error.ts";

export type Compression = "none" | "gzip" | "zstd";

export interface CopyCommand {
  readonly table: TableName;
  /** Undefined: the table's columns in order. */
  readonly columns: readonly string[] | undefined;
  /** s3://bucket/prefix-or-key */
  readonly from: string;
  readonly manifest: boolean;
  /** 'auto', 'auto ignorecase', 'noshred', or the S3 URL of a jsonpaths file. */
  readonly json: string;
  readonly compression: Compression;
  readonly timeFormat: string | undefined;
  readonly dateFormat: string | undefined;
  readonly maxError: number;
  readonly truncateColumns: boolean;
  readonly blanksAsNull: boolean;
  readonly emptyAsNull: boolean;
  readonly roundDecimals: boolean;
  readonly explicitIds: boolean;
  readonly acceptAnyDate: boolean;
  readonly noLoad: boolean;
}

const REFUSED_WITH_JSON = [
  "csv",
  "delimiter",
  "escape",
  "fillrecord",
  "fixedwidth",
  "ignoreblanklines",
  "readratio",
  "removequotes",
  "null",
];

type Draft = { -readonly [K in keyof CopyCommand]?: CopyCommand[K] } & { role?: string; seen: Set<string> };

/** `reader` stands behind COPY. */
export function readCopy(reader: Reader): CopyCommand {
  const table = readTableName(reader);
  const columns = reader.looksAt("(") ? splitCommas(reader.group()).map(columnName) : undefined;
  reader.expect("from");
  const from = reader.string();
  if (!/^s3:\/\/[^/]+\/./.test(from))
    throw new SqlError(`'${from}' is no S3 address: the stand-in copies from S3 only`);
  const draft: Draft = { seen: new Set() };
  while (!reader.done) readOption(reader, draft);
  if (draft.role === undefined) throw new SqlError("COPY needs IAM_ROLE");
  if (draft.json === undefined) throw new SqlError("the stand-in copies JSON only: say FORMAT JSON");
  return {
    table,
    columns,
    from,
    manifest: draft.manifest ?? false,
    json: draft.json,
    compression: draft.compression ?? "none",
    timeFormat: draft.timeFormat,
    dateFormat: draft.dateFormat,
    maxError: draft.maxError ?? 0,
    truncateColumns: draft.truncateColumns ?? false,
    blanksAsNull: draft.blanksAsNull ?? false,
    emptyAsNull: draft.emptyAsNull ?? false,
    roundDecimals: draft.roundDecimals ?? false,
    explicitIds: draft.explicitIds ?? false,
    acceptAnyDate: draft.acceptAnyDate ?? false,
    noLoad: draft.noLoad ?? false,
  };
}

function columnName(tokens: readonly Token[]): string {
  const item = new Reader(tokens);
  const name = readName(item);
  item.end();
  return name;
}

function readOption(reader: Reader, draft: Draft): void {
  const token = reader.next();
  if (token.kind !== "word") throw reader.error(token);
  if (REFUSED_WITH_JSON.includes(token.text))
    throw new SqlError(`${token.text.toUpperCase()} is not allowed with JSON`);
  const name = token.text === "format" || token.text === "json" ? "json" : token.text;
  if (draft.seen.has(name)) throw new SqlError(`conflicting or redundant options: ${name}`);
  draft.seen.add(name);
  const option = OPTIONS[token.text];
  if (option === undefined) throw reader.error(token);
  option(reader, draft);
}

const OPTIONS: Readonly<Record<string, (reader: Reader, draft: Draft) => void>> = {
  iam_role(reader, draft) {
    if (reader.accept("default")) draft.role = "default";
    else draft.role = reader.string();
    if (
      draft.role !== "default" &&
      !draft.role.split(",").every((arn) => /^arn:aws[\w-]*:iam::\d{12}:role\/.+/.test(arn))
    )
      throw new SqlError(`Invalid credentials. '${draft.role}' is no role ARN`);
  },
  manifest: (_, draft) => void (draft.manifest = true),
  region(reader) {
    reader.accept("as");
    reader.string();
  },
  format(reader, draft) {
    reader.accept("as");
    reader.expect("json");
    json(reader, draft);
  },
  json,
  gzip: (_, draft) => compression(draft, "gzip"),
  zstd: (_, draft) => compression(draft, "zstd"),
  timeformat(reader, draft) {
    reader.accept("as");
    draft.timeFormat = reader.string();
    if (!["auto", "epochsecs", "epochmillisecs"].includes(draft.timeFormat))
      throw new SqlError(
        `the stand-in knows TIMEFORMAT 'auto', 'epochsecs' and 'epochmillisecs', not '${draft.timeFormat}'`,
      );
  },
  dateformat(reader, draft) {
    reader.accept("as");
    draft.dateFormat = reader.string();
    if (draft.dateFormat !== "auto")
      throw new SqlError(`the stand-in knows DATEFORMAT 'auto', not '${draft.dateFormat}'`);
  },
  maxerror(reader, draft) {
    reader.accept("as");
    draft.maxError = reader.integer();
    if (draft.maxError > 100_000) throw new SqlError("MAXERROR must be between 0 and 100000");
  },
  truncatecolumns: (_, draft) => void (draft.truncateColumns = true),
  blanksasnull: (_, draft) => void (draft.blanksAsNull = true),
  emptyasnull: (_, draft) => void (draft.emptyAsNull = true),
  roundec: (_, draft) => void (draft.roundDecimals = true),
  explicit_ids: (_, draft) => void (draft.explicitIds = true),
  acceptanydate: (_, draft) => void (draft.acceptAnyDate = true),
  noload: (_, draft) => void (draft.noLoad = true),
  acceptinvchars() {
    throw new SqlError("the stand-in has no ACCEPTINVCHARS");
  },
  compupdate: (reader) => void ["off", "preset", "on", "true", "false"].some((word) => reader.accept(word)),
  statupdate: (reader) => void ["off", "on", "true", "false"].some((word) => reader.accept(word)),
};

function json(reader: Reader, draft: Draft): void {
  reader.accept("as");
  draft.json = reader.peek()?.kind === "string" ? reader.string() : "auto";
  if (!["auto", "auto ignorecase", "noshred"].includes(draft.json) && !draft.json.startsWith("s3://"))
    throw new SqlError(`Invalid JSONPath format: '${draft.json}'`);
}

function compression(draft: Draft, kind: Compression): void {
  if (draft.compression !== undefined) throw new SqlError("conflicting or redundant options");
  draft.compression = kind;
}
