// Bundles the tests of single modules, and runs them in Node.

import { build } from "esbuild";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const HERE = join(dirname(fileURLToPath(import.meta.url)), "test");
const output = await mkdtemp(join(tmpdir(), "kg-assets-"));
const entryPoints = (await readdir(HERE)).filter((name) => name.endsWith(".test.ts")).map((name) => join(HERE, name));
try {
  await build({
    entryPoints,
    outdir: output,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "warning",
  });
  const files = (await readdir(output)).map((name) => join(output, name));
  process.exitCode =
    spawnSync(process.execPath, ["--test", "--test-reporter=tap", ...files], { stdio: "inherit" }).status ?? 1;
} finally {
  await rm(output, { recursive: true });
}
