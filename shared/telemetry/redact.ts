// Blanks credentials in what is logged. Statements, URLs and errors of other software carry them in places that nobody thought of.

const BLANK = "[redacted]";

/** Member names whose values are never logged, compared without case, `_` and `-`. */
const SECRET_NAMES = new Set([
  "password",
  "passwd",
  "secret",
  "token",
  "authorization",
  "credentials",
  "accesskeyid",
  "secretaccesskey",
  "sessiontoken",
  "securitytoken",
  "awsaccesskeyid",
  "awssecretaccesskey",
  "awssessiontoken",
  "masterpassword",
  "clientsecret",
  "apikey",
  "privatekey",
  "connectionstring",
]);

const NAMES =
  "(?:aws_?)?(?:access_?key_?id|secret_?access_?key|session_?token|security_?token|master_?(?:user_?)?password|password|passwd|pwd|credentials)";

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // key=value and "key": "value", as connection strings and JSON have them; KEY 'value', as COPY has it.
  [new RegExp(`(\\b${NAMES}["']?\\s*[=:]\\s*)(?:'[^']*'|"[^"]*"|[^\\s,;&"']+)`, "gi"), `$1${BLANK}`],
  [new RegExp(`(\\b${NAMES}\\s+)(?:AS\\s+)?'[^']*'`, "gi"), `$1${BLANK}`],
  // user:password@host
  [/(:\/\/[^\s/:@]*:)[^\s/@]+@/g, `$1${BLANK}@`],
  // Key ids by their own form, whatever stands around them.
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, BLANK],
  // Signatures and tokens of presigned URLs.
  [/([?&](?:X-Amz-(?:Signature|Credential|Security-Token)|Signature|token)=)[^\s&"']+/gi, `$1${BLANK}`],
];

/** The text without what looks like a credential. */
export function redactText(text: string): string {
  return PATTERNS.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}

/** Deeper values are cut off: logs are for people. */
const MAX_DEPTH = 6;

/** A copy of a log field without credentials: by name of the member, and by form in every text. Errors are left to their serialiser. */
export function redactValue(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value !== "object" || value === null || value instanceof Error || value instanceof Date)
    return value;
  if (depth >= MAX_DEPTH) return "[…]";
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  // Objects that say themselves how they are written (URL, Buffer) keep doing so, but may say nothing secret.
  if ("toJSON" in value && typeof value.toJSON === "function") return redactValue(value.toJSON(), depth + 1);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isSecretName(name) ? BLANK : redactValue(inner, depth + 1),
    ]),
  );
}

function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(name.replaceAll(/[_-]/g, "").toLowerCase());
}
