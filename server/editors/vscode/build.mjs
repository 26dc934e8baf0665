// Bundles the extension into dist/, with the licences of what is bundled. The wheel that it carries is put into python/ by
// `make vsix`, which packs it all.

import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

await rm("dist", { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
  minify: true,
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

const folders = new Set();
for (const path of Object.keys(metafile.inputs)) {
  const found = path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/);
  if (found) folders.add(found[0]);
}
const notices = [];
for (const folder of [...folders].sort()) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf-8"));
  const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name} has no licence file`);
  notices.push(`${name} ${version} (${license})\n\n${await readFile(join(folder, file), "utf-8")}`);
}
await writeFile("dist/ThirdPartyNotices.txt", notices.join(`\n${"-".repeat(72)}\n`));
