/** Programs that are run for the person: their lines go to the log, and a click ends them. */

import { spawn } from "node:child_process";
import * as vscode from "vscode";

export const log = vscode.window.createOutputChannel("codegpt", { log: true });

/** Run a program to its end; what it printed on standard output. Rejects where it fails, cannot be started or is ended. */
export function run(
  command: string,
  args: readonly string[],
  { token, told }: { token?: vscode.CancellationToken; told?: (line: string) => void } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
    const ended = token?.onCancellationRequested(() => child.kill());
    let output = "";
    let last = "";
    const hear = (chunk: Buffer) => {
      for (const line of chunk.toString().split(/[\r\n]+/).filter((each) => each.trim())) {
        last = line.trim();
        log.info(last);
        told?.(last);
      }
    };
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on("data", hear);
    child.on("error", reject);
    child.on("close", (code) => {
      ended?.dispose();
      if (code === 0) resolve(output);
      else reject(new Error(token?.isCancellationRequested ? "cancelled" : last || `${command} ended with ${code}`));
    });
  });
}
