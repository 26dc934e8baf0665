/**
 * Codegpt's Python part: a server of the person's own, the one in an environment that the extension has made, or one on
 * PATH. The environment is made after a click that says how much is fetched, whence, and where it goes.
 */

import { existsSync, readdirSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import * as vscode from "vscode";
import { run } from "./processes";

const WINDOWS = process.platform === "win32";
const PYTHONS = WINDOWS ? ["py", "python"] : ["python3.13", "python3.12", "python3.11", "python3", "python"];
const NEW_ENOUGH = "import sys; sys.exit(sys.version_info < (3, 11))";
/** Measured with the carried constraints on Linux and CPython 3.11; torch is most of it. */
const SIZE = "305 MB, 1.4 GB on disk; gigabytes more where torch comes with a GPU's libraries, as it does on Linux by default";

export class Environment {
  constructor(private readonly context: vscode.ExtensionContext) {}

  private get folder(): string {
    return join(this.context.globalStorageUri.fsPath, "python");
  }

  /** One of our programs, or undefined where there is none. */
  program(name: "codegpt" | "codegpt-server"): string | undefined {
    const own = vscode.workspace.getConfiguration("codegpt").get<string>("server.path");
    if (own) return name === "codegpt-server" ? own : beside(own, name);
    return this.installed(name) ?? onPath(name);
  }

  private installed(name: string): string | undefined {
    return existsSync(this.mark) ? join(this.folder, WINDOWS ? "Scripts" : "bin", executable(name)) : undefined;
  }

  /** Written last: an installation that was broken off is begun again. */
  private get mark(): string {
    return join(this.folder, `installed-${this.context.extension.packageJSON.version}`);
  }

  /** Install after a click; whether there is a server then. */
  async install(): Promise<boolean> {
    const wheel = this.wheel();
    if (!wheel) throw new Error("this build of the extension carries no wheel; set codegpt.server.path");
    const words = `codegpt's Python part is to be installed into ${this.folder}, from the package index that pip is set up with: ${SIZE}.`;
    const install = "Install";
    if ((await vscode.window.showInformationMessage(words, { modal: true }, install)) !== install) return false;
    const title = "codegpt: installing its Python part";
    const location = vscode.ProgressLocation.Notification;
    await vscode.window.withProgress({ location, title, cancellable: true }, async (progress, token) => {
      const told = (message: string) => progress.report({ message: message.slice(0, 100) });
      const python = await this.python();
      await rm(this.mark, { force: true });
      await run(python, ["-m", "venv", this.folder], { token, told });
      const inside = join(this.folder, WINDOWS ? "Scripts" : "bin", executable("python"));
      const constraints = join(this.context.extensionPath, "python", "constraints.txt");
      told("fetching packages");
      await run(inside, ["-m", "pip", "install", "--progress-bar", "off", "-c", constraints, wheel], { token, told });
      await writeFile(this.mark, await readFile(constraints));
    });
    return this.program("codegpt-server") !== undefined;
  }

  private wheel(): string | undefined {
    const folder = join(this.context.extensionPath, "python");
    const name = existsSync(folder) ? readdirSync(folder).find((each) => each.endsWith(".whl")) : undefined;
    return name && join(folder, name);
  }

  private async python(): Promise<string> {
    const own = vscode.workspace.getConfiguration("codegpt").get<string>("server.python");
    for (const candidate of own ? [own] : PYTHONS) {
      try {
        await run(candidate, ["-c", NEW_ENOUGH]);
        return candidate;
      } catch {
        // not there, or too old: the next one
      }
    }
    throw new Error(`no Python 3.11 or newer is found${own ? ` at ${own}` : ""}; set codegpt.server.python`);
  }
}

function executable(name: string): string {
  return WINDOWS ? `${name}.exe` : name;
}

function beside(program: string, name: string): string | undefined {
  const found = join(program, "..", executable(name));
  return existsSync(found) ? found : onPath(name);
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, executable(name))).find(existsSync);
}
