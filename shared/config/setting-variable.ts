// Which environment variables are settings.

const VARIABLE_PREFIX = "LOG_ROUTER_";

/** Variables with the prefix that are no settings: the command's own options (docs/cli.md) and the tests' switches. */
const OTHER_VARIABLES = ["CONFIG", "DATA", "HEALTH_PORT", "LOG_LEVEL"];

export function isSettingVariable(name: string): boolean {
  return name.startsWith(VARIABLE_PREFIX) && !OTHER_VARIABLES.includes(name.slice(VARIABLE_PREFIX.length));
}
