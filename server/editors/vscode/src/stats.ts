/** What became of suggestions: the server's own plot, in a page without scripts. */

import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import type { Environment } from "./environment";
import { run } from "./processes";

export async function showStats(environment: Environment): Promise<void> {
  const program = environment.program("codegpt");
  if (!program) throw new Error("its Python part is not installed");
  const file = join(tmpdir(), `codegpt-stats-${process.pid}.svg`);
  const tables = await run(program, ["stats", "--svg", file]);
  const plot = await readFile(file, "utf-8").catch(() => "");
  await rm(file, { force: true });
  const panel = vscode.window.createWebviewPanel("codegpt.stats", "codegpt: suggestions", vscode.ViewColumn.Beside, {});
  const image = plot && `<img alt="Suggestions by day" src="data:image/svg+xml;base64,${Buffer.from(plot).toString("base64")}">`;
  panel.webview.html = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>body { font-family: var(--vscode-editor-font-family) } img { background: white; max-width: 100% }</style>
</head><body>${image}<pre>${escaped(tables)}</pre></body></html>`;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}
