/** The server process and what is said to it; one at a time. */

import * as vscode from "vscode";
import { LanguageClient, type Middleware, RevealOutputChannelOn } from "vscode-languageclient/node";
import type { Environment } from "./environment";
import { log } from "./processes";

export interface Status {
  state: "loading" | "ready" | "failed" | "off";
  detail: string;
  offer: string;
  why: string;
  index: string;
}

const SECTION = "codegpt";

export class Client {
  private readonly changed = new vscode.EventEmitter<Status>();
  private readonly working = new vscode.EventEmitter<boolean>();
  private language: LanguageClient | undefined;
  /** What the server says of itself. */
  readonly onStatus = this.changed.event;
  /** Whether it is being waited for. */
  readonly onWorking = this.working.event;

  constructor(private readonly environment: Environment) {}

  get running(): LanguageClient | undefined {
    return this.language;
  }

  async start(): Promise<void> {
    const command = this.environment.program("codegpt-server");
    if (!command) return;
    const language = new LanguageClient(
      SECTION,
      "codegpt",
      { command, args: [] },
      {
        documentSelector: [{ scheme: "file" }, { scheme: "untitled" }, { notebook: "*" }],
        initializationOptions: { ...settings(), trusted: vscode.workspace.isTrusted },
        synchronize: { configurationSection: SECTION },
        outputChannel: log,
        revealOutputChannelOn: RevealOutputChannelOn.Never,
        middleware: this.middleware(),
      },
    );
    this.language = language;
    language.onNotification("codegpt/status", (status: Status) => this.changed.fire(status));
    await language.start();
  }

  async stop(): Promise<void> {
    const language = this.language;
    this.language = undefined;
    await language?.dispose();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Have the server do something. */
  async command<Answer>(command: string, ...args: unknown[]): Promise<Answer> {
    if (!this.language) throw new Error("codegpt is not running");
    return this.language.sendRequest("workspace/executeCommand", { command, arguments: args });
  }

  /** The settings that are the extension's own are none of the server's, and it is told when it is waited for. */
  private middleware(): Middleware {
    return {
      workspace: {
        configuration: async (params, token, next) => {
          const found = await next(params, token);
          return Array.isArray(found) ? found.map(() => settings()) : found;
        },
        didChangeConfiguration: async () => {
          await this.language?.sendNotification("workspace/didChangeConfiguration", { settings: { [SECTION]: settings() } });
        },
      },
      provideInlineCompletionItems: async (document, position, context, token, next) => {
        this.working.fire(true);
        try {
          return await next(document, position, context, token);
        } finally {
          this.working.fire(false);
        }
      },
    };
  }
}

/** What the server may be set to. */
function settings(): Record<string, unknown> {
  const all = { ...(vscode.workspace.getConfiguration().get<Record<string, unknown>>(SECTION) ?? {}) };
  delete all["server"];
  return all;
}
