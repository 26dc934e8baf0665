// Bundles the page into the package, where `codegpt-server --playground` serves it.

import { cp, rm } from "node:fs/promises";
import { build } from "esbuild";

const out = "../codegpt_server/page";
await rm(out, { recursive: true, force: true });
const shared = { bundle: true, format: "esm", minify: true, target: "es2022", logLevel: "warning", legalComments: "linked" };
await build({ ...shared, entryPoints: { main: "src/main.ts" }, outdir: out, loader: { ".ttf": "file" } });
await build({ ...shared, entryPoints: { "editor.worker": "monaco-editor/editor/editor.worker.js" }, outdir: out });
await cp("src/index.html", `${out}/index.html`);
await cp("node_modules/monaco-editor/LICENSE", `${out}/monaco-LICENSE.txt`);
await cp("node_modules/monaco-editor/ThirdPartyNotices.txt", `${out}/monaco-ThirdPartyNotices.txt`);
