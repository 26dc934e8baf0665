/** codegpt in VS Code: starts the server, says how it is, and offers what it can do. All that decides is in the server. */

import * as vscode from "vscode";
import { Client } from "./client";
import { Environment } from "./environment";
import { chooseModel, offerModel } from "./models";
import { log } from "./processes";
import { showStats } from "./stats";
import { StatusItem } from "./status";
import { Words } from "./words";

let client: Client | undefined;

/** Once is enough: "Choose model" is in the menu. */
const OFFERED = "offered-a-larger-model";

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const environment = new Environment(context);
  const running = (client = new Client(environment));
  const status = new StatusItem(running);
  const words = new Words(running);
  context.subscriptions.push(status, words, log);
  let offered = false;
  const offer = async () => void ((await offerModel(environment)) && (await running.restart()));
  running.onStatus(({ state, offer: larger }) => {
    if (state === "ready") void setContext("ready");
    if (state === "failed" && !offered) {
      offered = true;
      void told(offer);
    } else if (larger && !context.globalState.get(OFFERED)) {
      void context.globalState.update(OFFERED, true);
      void told(async () => void ((await wanted(larger)) && (await offer())));
    }
  });

  const commands: Record<string, () => Promise<unknown>> = {
    write: () => words.write(),
    translateFunction: () => words.translate(),
    next: async () => vscode.commands.executeCommand("editor.action.inlineSuggest.showNext"),
    previous: async () => vscode.commands.executeCommand("editor.action.inlineSuggest.showPrevious"),
    why: async () => words.show("why.txt", (await running.command<{ text: string }>("codegpt.explain")).text),
    stats: async () => showStats(environment),
    pause: () => snooze(running),
    onOrOff: () => onOrOff(running),
    chooseModel: async () => (await chooseModel(environment)) && running.restart(),
    install: async () => (await environment.install()) && (await begin()),
    restart: () => running.restart(),
    menu: () => menu(environment),
  };
  for (const [name, command] of Object.entries(commands)) {
    context.subscriptions.push(vscode.commands.registerCommand(`codegpt.${name}`, () => told(command)));
  }
  context.subscriptions.push(vscode.workspace.onDidGrantWorkspaceTrust(() => told(() => running.restart())));

  async function begin(): Promise<void> {
    if (environment.program("codegpt-server")) {
      void setContext("installed");
      await running.restart();
      return;
    }
    status.say({ state: "off", detail: "its Python part is not installed", offer: "", why: "", index: "" });
    const install = "Install";
    const words = "codegpt: its Python part is not installed yet.";
    if ((await vscode.window.showInformationMessage(words, install, "Not now")) === install) {
      await vscode.commands.executeCommand("codegpt.install");
    }
  }
  void told(begin);
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

/** Do something; what goes wrong is said in one line. */
async function told(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (message !== "cancelled") void vscode.window.showErrorMessage(`codegpt: ${message}`);
  }
}

/** Whether the person would rather have the model that is set than the small one that came with codegpt. */
async function wanted(model: string): Promise<boolean> {
  const get = "Get it…";
  const words = `codegpt suggests single lines with the small model that it came with. For more: ${model}.`;
  return (await vscode.window.showInformationMessage(words, get, "Not now")) === get;
}

async function setContext(name: string): Promise<void> {
  await vscode.commands.executeCommand("setContext", `codegpt.${name}`, true);
}

async function snooze(client: Client): Promise<void> {
  const items = [5, 15, 30, 60, 0].map((minutes) => ({ minutes, label: minutes ? `${minutes} minutes` : "Not any more" }));
  const picked = await vscode.window.showQuickPick(items, { title: "codegpt: suggest nothing for" });
  if (picked) await client.command("codegpt.snooze", picked.minutes);
}

async function onOrOff(client: Client): Promise<void> {
  const language = vscode.window.activeTextEditor?.document.languageId;
  const items = [{ label: "Everywhere", args: [] as string[] }];
  if (language) items.push({ label: `For ${language}`, args: [language] });
  const picked = await vscode.window.showQuickPick(items, { title: "codegpt: turn on or off" });
  if (!picked) return;
  const answer = await client.command<{ on: boolean; why: string }>("codegpt.toggle", ...picked.args);
  void vscode.window.showInformationMessage(answer.on ? "codegpt is on." : `codegpt: ${answer.why}.`);
}

async function menu(environment: Environment): Promise<void> {
  const usable = environment.program("codegpt-server") !== undefined;
  const items = usable
    ? [
        { label: "$(wand) Write function from its words", command: "write" },
        { label: "$(question) Why this suggestion, or none", command: "why" },
        { label: "$(graph) What became of suggestions", command: "stats" },
        { label: "$(clock) Snooze", command: "pause" },
        { label: "$(circle-slash) Turn on or off", command: "onOrOff" },
        { label: "$(package) Choose model", command: "chooseModel" },
        { label: "$(debug-restart) Restart", command: "restart" },
      ]
    : [{ label: "$(cloud-download) Install its Python part", command: "install" }];
  const picked = await vscode.window.showQuickPick(items, { title: "codegpt" });
  if (picked) await vscode.commands.executeCommand(`codegpt.${picked.command}`);
}
