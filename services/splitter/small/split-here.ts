// The usual small source in the calling thread, where no other is worth it.
import type { Config } from "../../../shared/config/schema.ts";
import type { SourceSettings } from "../../../shared/config/source-settings.ts";
import { SmallSplitter, type SmallSource, type SmallSplit } from "./split-small.ts";

/** Settings are of one configuration. */
const splitters = new WeakMap<SourceSettings, SmallSplitter>();

/** As `SmallSplitter.splitPlain`. */
export function splitHere(
  source: SmallSource,
  config: Config,
  settings: SourceSettings,
): SmallSplit | undefined {
  let splitter = splitters.get(settings);
  if (!splitter) splitters.set(settings, (splitter = new SmallSplitter(config, settings)));
  return splitter.splitPlain(source);
}
