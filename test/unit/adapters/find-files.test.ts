import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { findFiles } from "../../../shared/adapters/local/find-files.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";

describe("findFiles", () => {
  let dir: TempDir;
  const write = (...names: string[]): void => {
    for (const name of names) {
      mkdirSync(dirname(`${dir.path}/${name}`), { recursive: true });
      writeFileSync(`${dir.path}/${name}`, name);
    }
  };
  const find = async (
    given: string[],
    exclude: string[] = [],
    warnings: string[] = [],
  ): Promise<string[]> => {
    const found = await Array.fromAsync(
      findFiles(given, { cwd: dir.path, exclude, onWarning: (warning) => warnings.push(warning) }),
    );
    return found.map(({ path }) => path.slice(dir.path.length + 1)).sort();
  };

  beforeEach(() => {
    dir = tempDir();
  });
  afterEach(() => dir[Symbol.dispose]());

  it("gives every file of a folder, at any depth, with its size", async () => {
    write("logs/a.log", "logs/deep/er/b.gz", "logs/no ending", "elsewhere/c");

    const found = await Array.fromAsync(findFiles(["logs"], { cwd: dir.path }));

    assert.deepEqual(
      found.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
      ["logs/a.log", "logs/deep/er/b.gz", "logs/no ending"].map((name) => ({
        path: `${dir.path}/${name}`,
        bytes: name.length,
      })),
    );
  });

  it("leaves out hidden files and folders, unless one is named itself", async () => {
    write("logs/.hidden", "logs/.git/x", "logs/a/.b/c", "logs/seen", ".logs/x");

    assert.deepEqual(await find(["logs"]), ["logs/seen"]);
    assert.deepEqual(await find(["logs/.hidden", ".logs"]), [".logs/x", "logs/.hidden"]);
    assert.deepEqual(await find(["logs/*"]), ["logs/seen"]);
  });

  it("takes globs, relative and absolute, upwards too", async () => {
    write("logs/a.log", "logs/b.log.gz", "logs/d/c.log", "work/x");

    assert.deepEqual(await find(["logs/*.log"]), ["logs/a.log"]);
    assert.deepEqual(await find(["logs/**/*.log"]), ["logs/a.log", "logs/d/c.log"]);
    assert.deepEqual(await find([`${dir.path}/logs/*.{log,gz}`]), ["logs/a.log", "logs/b.log.gz"]);
    assert.deepEqual(await find(["./work/../logs/?.log"]), ["logs/a.log"]);
  });

  it("takes a path that exists as it is, whatever characters are in it", async () => {
    write("lo[g]s/a*.log", "lo[g]s/ab.log", "logs/a.log", 'it\'s "odd"/😀.log');

    assert.deepEqual(await find(["lo[g]s/a*.log"]), ["lo[g]s/a*.log"]);
    assert.deepEqual(await find(["lo[g]s"]), ["lo[g]s/a*.log", "lo[g]s/ab.log"]);
    assert.deepEqual(await find(["lo\\[g\\]s/a?.log"]), ["lo[g]s/a*.log", "lo[g]s/ab.log"]);
    assert.deepEqual(await find(['it\'s "odd"/*']), ['it\'s "odd"/😀.log']);
  });

  it("gives a file once, by its real path, however many ways lead to it", async () => {
    write("logs/a.log", "other/b.log", "other/deep/c.log");
    symlinkSync(`${dir.path}/other/b.log`, `${dir.path}/logs/link.log`);
    symlinkSync(`${dir.path}/other/deep`, `${dir.path}/logs/folder`);
    symlinkSync(`${dir.path}/logs`, `${dir.path}/logs/loop`);
    symlinkSync(`${dir.path}/nowhere`, `${dir.path}/logs/dangling`);
    symlinkSync(`${dir.path}/logs`, `${dir.path}/by-link`);

    assert.deepEqual(await find(["by-link", "logs", "logs/*.log", "logs/a.log", "./logs/../logs"]), [
      "logs/a.log",
      "other/b.log",
      "other/deep/c.log",
    ]);
  });

  it("never gives what is excluded, by whatever way, nor its companions", async () => {
    write(
      "logs/a",
      "logs/data/queues.sqlite",
      "logs/events.duckdb",
      "logs/events.duckdb.wal",
      "logs/data2/b",
    );
    symlinkSync(`${dir.path}/logs/data`, `${dir.path}/logs/link`);
    const exclude = ["logs/data", "logs/events.duckdb"];

    assert.deepEqual(await find(["logs"], exclude), ["logs/a", "logs/data2/b"]);
    assert.deepEqual(await find(["logs/**"], exclude), ["logs/a", "logs/data2/b"]);
    assert.deepEqual(await find(["logs/*/*"], exclude), ["logs/data2/b"]);
    for (const own of ["logs/data", "logs/data/queues.sqlite", "logs/link"]) {
      await assert.rejects(find([own], exclude), (error) => isRouterError(error, "USAGE"));
    }
  });

  it("names every argument that does not exist", async () => {
    write("a");

    await assert.rejects(find(["a", "nope/x.log", "neither/*.log", ""]), (error) => {
      assert.ok(isRouterError(error, "NOT_FOUND"));
      assert.match(error.message, /"nope\/x\.log", "neither\/\*\.log", ""/);
      return true;
    });
  });

  it("says which glob fits nothing", async () => {
    write("logs/a.log");

    await assert.rejects(
      find(["logs/*.gz"]),
      (error) => isRouterError(error, "NOT_FOUND") && error.message.includes('"logs/*.gz"'),
    );
  });

  it("gives nothing for an empty folder, and leaves out what is no file", async () => {
    mkdirSync(`${dir.path}/logs`);
    execFileSync("mkfifo", [`${dir.path}/logs/fifo`]);

    assert.deepEqual(await find(["logs"]), []);
  });

  it("warns of a name that is not UTF-8 and goes on", async () => {
    write("logs/a");
    writeFileSync(Buffer.concat([Buffer.from(`${dir.path}/logs/b`), Buffer.from([0xff, 0xfe])]), "x");
    const warnings: string[] = [];

    assert.deepEqual(await find(["logs"], [], warnings), ["logs/a"]);
    assert.match(warnings.join(), /not UTF-8/);
  });

  it("lets others have their turn on the way through thousands of files", async () => {
    write(...Array.from({ length: 1000 }, (_, n) => `many/${n}.log`));
    let turns = 0;
    const next = (): void => void (turns++, (immediate = setImmediate(next)));
    let immediate = setImmediate(next);

    const found = await find(["many"]);
    clearImmediate(immediate);

    assert.equal(found.length, 1000);
    assert.ok(turns >= 3, `${turns} turns`);
  });
});
