// shared/config/plain-config.json: the defaults, and the settings that can be given without looking at any other.
import { allSettings } from "../../shared/config/settings.ts";
import { defaultConfig } from "../../shared/config/schema.ts";

/** What shared/config/check-limits.ts compares with other settings is not among them. */
const PLAIN = [
  "splitter.threads",
  "splitter.concurrent_sources",
  "splitter.compression",
  "splitter.compression_level",
  "splitter.frames",
  "splitter.max_types_per_source",
];

export function plainConfigJson(): string {
  const settings = allSettings().flatMap(({ path, node }) => {
    const name = path.join(".");
    return PLAIN.includes(name) ? [{ name, node }] : [];
  });
  const numbers = settings.filter(({ node }) => node.type === "integer");
  const choices = settings.filter(({ node }) => node.enum);
  const json = {
    defaults: defaultConfig(),
    numbers: Object.fromEntries(numbers.map(({ name, node }) => [name, [node.minimum, node.maximum]])),
    choices: Object.fromEntries(choices.map(({ name, node }) => [name, node.enum])),
  };
  return `${onShortLines(JSON.stringify(json, undefined, 2))}\n`;
}

/** Lists of plain values on one line each, as the formatter has them. */
function onShortLines(text: string): string {
  return text.replaceAll(
    /\[([^[\]{}]*)\]/g,
    (_, items: string) => `[${items.trim().replaceAll(/\s*\n\s*/g, " ")}]`,
  );
}
