// Builds what browsers are given: each entry of src/, split into what is loaded at once and what is loaded when needed.
// Names hold a digest of the content; manifest.json tells them by the names of their sources and is written last.

import { build } from "esbuild";
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUTPUT = resolve(HERE, process.argv[2] ?? "../static/build");
const MANIFEST = "manifest.json";
const KEPT_MILLISECONDS = 7 * 24 * 3600 * 1000;

/** The sources that become files of their own: each script and style directly in src/. */
async function entries() {
  const names = await readdir(join(HERE, "src"));
  return names.filter((name) => [".ts", ".css"].includes(extname(name))).map((name) => join(HERE, "src", name));
}

async function bundle(entryPoints) {
  const { metafile } = await build({
    entryPoints,
    outdir: OUTPUT,
    entryNames: "[name]-[hash]",
    chunkNames: "part-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    target: ["es2022", "chrome109", "firefox115", "safari16.4"],
    minify: true,
    legalComments: "eof",
    charset: "utf8",
    metafile: true,
    absWorkingDir: HERE,
    logLevel: "warning",
  });
  return metafile.outputs;
}

/** Smaller copies beside a file, for the server to send to browsers that take them. */
async function compress(path) {
  const content = await readFile(path);
  const parameters = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  await writeFile(`${path}.br`, brotliCompressSync(content, { params: parameters }));
  await writeFile(`${path}.gz`, gzipSync(content, { level: 9 }));
}

await mkdir(OUTPUT, { recursive: true });
const outputs = await bundle(await entries());
const manifest = {};
for (const [path, { entryPoint }] of Object.entries(outputs)) {
  await compress(resolve(HERE, path));
  if (entryPoint?.startsWith("src/") && dirname(entryPoint) === "src") {
    manifest[basename(entryPoint).replace(/\.ts$/, ".js")] = basename(path);
  }
}
const written = join(OUTPUT, `${MANIFEST}.new`);
await writeFile(written, `${JSON.stringify(manifest, Object.keys(manifest).sort(), 1)}\n`);
await rename(written, join(OUTPUT, MANIFEST));

// What earlier builds left stays for a while: pages that are open, or kept by the server, still point there.
for (const name of await readdir(OUTPUT)) {
  const path = join(OUTPUT, name);
  if (Date.now() - (await stat(path)).mtimeMs > KEPT_MILLISECONDS) await rm(path);
}
