import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { watchFiles } from "../../../shared/adapters/local/folder-watch.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const SETTLE_SECONDS = 0.15;

interface Watch {
  /** Names given out, with the size at that time. */
  readonly found: (readonly [name: string, bytes: number, at: number])[];
  readonly warnings: string[];
  stop(): Promise<void>;
}

for (const polling of [false, true]) {
  describe(`watchFiles (${polling ? "looking again and again" : "file system events"})`, () => {
    let dir: TempDir;
    const watches: Watch[] = [];
    const names = (watch: Watch): string[] => watch.found.map(([name]) => name);

    function start(given: string[], exclude: string[] = []): Watch {
      const abort = new AbortController();
      const found: [string, number, number][] = [];
      const warnings: string[] = [];
      const running = (async () => {
        const files = watchFiles(given, {
          cwd: dir.path,
          exclude,
          settleSeconds: SETTLE_SECONDS,
          signal: abort.signal,
          polling,
          // With events, looking again must not be what finds the files.
          rescanSeconds: polling ? 0.05 : 3_600,
          onWarning: (warning) => warnings.push(warning),
        });
        for await (const { path, bytes } of files) {
          found.push([path.slice(dir.path.length + 1), bytes, Date.now()]);
        }
      })();
      const watch = {
        found,
        warnings,
        async stop() {
          abort.abort();
          await running;
        },
      };
      watches.push(watch);
      return watch;
    }

    /** Waits until the watch has come alive: what it was started on has been given out. */
    async function started(watch: Watch): Promise<void> {
      await waitFor("the first file", () => names(watch).includes("logs/first"));
    }

    beforeEach(() => {
      dir = tempDir();
      mkdirSync(`${dir.path}/logs`);
      writeFileSync(`${dir.path}/logs/first`, "1");
    });
    afterEach(async () => {
      await Promise.all(watches.splice(0).map((watch) => watch.stop()));
      dir[Symbol.dispose]();
    });

    it("gives what is there, then what comes, in folders made later too", async () => {
      const watch = start(["logs"]);
      await started(watch);

      writeFileSync(`${dir.path}/logs/second`, "22");
      mkdirSync(`${dir.path}/logs/new/deep`, { recursive: true });
      writeFileSync(`${dir.path}/logs/new/deep/third`, "333");
      await waitFor("both files", () => watch.found.length >= 3);

      assert.deepEqual(names(watch).sort(), ["logs/first", "logs/new/deep/third", "logs/second"]);
    });

    it("leaves a file alone while it grows, and gives it out once, whole", async () => {
      const watch = start(["logs"]);
      await started(watch);
      const begin = Date.now();
      let lastWrite = 0;
      const growing = setInterval(() => {
        appendFileSync(`${dir.path}/logs/growing`, "line\n");
        lastWrite = Date.now();
      }, 30);
      await waitFor("three settle times", () => Date.now() - begin > 4_000 * SETTLE_SECONDS);
      clearInterval(growing);
      assert.deepEqual(names(watch), ["logs/first"]);

      await waitFor("the grown file", () => watch.found.length >= 2);

      const [, bytes, at] = watch.found[1]!;
      assert.equal(bytes % 5, 0);
      assert.ok(
        at - lastWrite >= SETTLE_SECONDS * 1_000 - 50,
        `given out ${at - lastWrite} ms after the last write`,
      );
    });

    it("gives a changed file out again, and an unchanged one not", async () => {
      const watch = start(["logs"]);
      await started(watch);

      writeFileSync(`${dir.path}/logs/first`, "other");
      await waitFor("the changed file", () => watch.found.length >= 2);
      writeFileSync(`${dir.path}/logs/marker`, "m");
      await waitFor("the marker", () => watch.found.length >= 3);

      assert.deepEqual(
        watch.found.map(([name, bytes]) => [name, bytes]),
        [
          ["logs/first", 1],
          ["logs/first", 5],
          ["logs/marker", 1],
        ],
      );
    });

    it("sees files renamed into place, also over one that it knows and with an old time stamp", async () => {
      const watch = start(["logs"]);
      await started(watch);
      writeFileSync(`${dir.path}/new`, "newer");
      utimesSync(`${dir.path}/new`, 1_000, 1_000);

      renameSync(`${dir.path}/new`, `${dir.path}/logs/first`);
      await waitFor("the renamed file", () => watch.found.length >= 2);

      assert.deepEqual(watch.found[1]?.slice(0, 2), ["logs/first", 5]);
    });

    it("forgets a file that goes before it has settled, and knows it anew when it comes back", async () => {
      const watch = start(["logs"]);
      await started(watch);
      for (let i = 0; i < 3; i++) {
        writeFileSync(`${dir.path}/logs/fleeting`, "f");
        const written = Date.now();
        await waitFor("a part of the settle time", () => Date.now() - written > 50);
        rmSync(`${dir.path}/logs/fleeting`);
      }
      writeFileSync(`${dir.path}/logs/marker`, "m");
      await waitFor("the marker", () => names(watch).includes("logs/marker"));
      assert.deepEqual(names(watch), ["logs/first", "logs/marker"]);

      writeFileSync(`${dir.path}/logs/fleeting`, "f");
      await waitFor("the file that stays", () => names(watch).includes("logs/fleeting"));
    });

    it("watches a single file that is replaced", async () => {
      writeFileSync(`${dir.path}/logs/neighbour`, "n");
      const watch = start(["logs/first"]);
      await started(watch);

      writeFileSync(`${dir.path}/new`, "newer");
      renameSync(`${dir.path}/new`, `${dir.path}/logs/first`);
      await waitFor("the new one", () => watch.found.length >= 2);

      assert.deepEqual(names(watch), ["logs/first", "logs/first"]);
    });

    it("watches a glob that fits nothing yet, with a warning, and only what fits it", async () => {
      const watch = start(["logs/*.gz"]);
      await waitFor("the warning", () => watch.warnings.length > 0);

      writeFileSync(`${dir.path}/logs/x.txt`, "no");
      writeFileSync(`${dir.path}/logs/.x.gz`, "no");
      writeFileSync(`${dir.path}/logs/x.gz`, "yes");
      await waitFor("the file", () => watch.found.length >= 1);

      assert.deepEqual(names(watch), ["logs/x.gz"]);
    });

    it("never gives out its own data, hidden files, or links into its data", async () => {
      mkdirSync(`${dir.path}/logs/data`);
      const watch = start(["logs"], ["logs/data"]);
      await started(watch);

      writeFileSync(`${dir.path}/logs/data/queues.sqlite`, "q");
      writeFileSync(`${dir.path}/logs/.hidden`, "h");
      symlinkSync(`${dir.path}/logs/data/queues.sqlite`, `${dir.path}/logs/link`);
      writeFileSync(`${dir.path}/logs/marker`, "m");
      await waitFor("the marker", () => watch.found.length >= 2);

      assert.deepEqual(names(watch), ["logs/first", "logs/marker"]);
    });

    it("says at once that a path does not exist", async () => {
      const watch = watchFiles(["nowhere"], {
        cwd: dir.path,
        settleSeconds: 0,
        signal: AbortSignal.abort(),
        polling,
      });

      await assert.rejects(watch.next(), (error) => isRouterError(error, "NOT_FOUND"));
    });
  });
}
