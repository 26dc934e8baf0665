/** Requests in words: the candidates in a list with their evidence, each previewed beside the text, one of them applied. */

import { basename } from "node:path";
import * as vscode from "vscode";
import type { WorkspaceEdit as LspEdit } from "vscode-languageclient";
import type { Client } from "./client";
import { SCHEME, Texts } from "./texts";

interface Candidate {
  program: string;
  label: string;
  edit: LspEdit | null;
}

interface Answer {
  candidates: Candidate[];
  language: string;
  samples: number;
  remarks: string[];
}

/** JSON-RPC's "invalid params": the server says that there is nothing to be written at the cursor. */
const NOTHING_THERE = -32602;
const LANGUAGES = ["javascript", "typescript", "go", "rust", "java", "c", "cpp", "ruby"];

export class Words implements vscode.Disposable {
  private readonly texts = new Texts();

  constructor(private readonly client: Client) {}

  /** Write what is missing at the cursor, or what the comment there says, or else what the person is asked to say. */
  async write(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (!editor) return;
    const { document, selection } = editor;
    const place = { uri: document.uri.toString(), range: { start: selection.start, end: selection.end } };
    let answer: Answer;
    try {
      answer = await this.client.command("codegpt.generate", place);
    } catch (error) {
      if ((error as { code?: number }).code !== NOTHING_THERE) throw error;
      const prompt = "What is to be written? Calls with their results are run: rotate([1, 2], 1) == [2, 1]";
      const words = await vscode.window.showInputBox({ title: "codegpt", prompt, ignoreFocusOut: true });
      if (!words) return;
      answer = await this.client.command("codegpt.generate", { ...place, words });
    }
    await this.choose(document, answer);
  }

  /** Show a text beside what is edited. */
  async show(name: string, text: string): Promise<void> {
    const uri = this.texts.add(name, text);
    const options = { preview: true, viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    await vscode.window.showTextDocument(uri, options);
  }

  /** Translate a function of the document into a language that is asked for. */
  async translate(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (!editor) return;
    const { document, selection } = editor;
    const named = document.getText(selection) || wordAt(document, selection.active);
    const prompt = "Name of the Python function";
    const name = await vscode.window.showInputBox({ title: "codegpt: translate", prompt, value: named });
    const to = name && (await vscode.window.showQuickPick(LANGUAGES, { title: `codegpt: translate ${name} into` }));
    if (!to) return;
    const given = { uri: document.uri.toString(), function: name, to };
    await this.choose(document, await this.client.command("codegpt.translate", given));
  }

  private async choose(document: vscode.TextDocument, answer: Answer): Promise<void> {
    if (!answer.candidates.length) {
      void vscode.window.showInformationMessage(`codegpt: ${answer.remarks.join(" ") || "nothing was found"}`);
      return;
    }
    const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { candidate: Candidate }>();
    pick.title = `codegpt: ${answer.remarks.join(" ")}`;
    pick.placeholder = "Enter applies what is previewed";
    pick.ignoreFocusOut = true;
    pick.items = answer.candidates.map((candidate) => ({
      candidate,
      label: candidate.label,
      detail: candidate.program.trim().split("\n").slice(-2).map((line) => line.trim()).join("  "),
    }));
    const chosen = await new Promise<Candidate | undefined>((resolve) => {
      pick.onDidChangeActive(([item]) => item && void this.preview(document, answer, item.candidate));
      pick.onDidAccept(() => resolve(pick.activeItems[0]?.candidate));
      pick.onDidHide(() => resolve(undefined));
      pick.show();
    });
    pick.dispose();
    await this.closePreviews();
    if (chosen?.edit) await this.apply(chosen.edit);
  }

  private async preview(document: vscode.TextDocument, answer: Answer, candidate: Candidate): Promise<void> {
    const edits = (await this.edits(candidate.edit)).filter(([uri]) => uri.toString() === document.uri.toString());
    const name = basename(document.uri.path);
    const uri = this.texts.add(name, edits.length ? applied(document, edits[0]![1]) : candidate.program);
    const shown = { preview: true, preserveFocus: true };
    if (edits.length) {
      const title = `${name}: ${candidate.label}`;
      await vscode.commands.executeCommand("vscode.diff", document.uri, uri, title, shown);
    } else {
      const opened = await vscode.workspace.openTextDocument(uri);
      await vscode.languages.setTextDocumentLanguage(opened, answer.language);
      await vscode.window.showTextDocument(opened, shown);
    }
  }

  private async closePreviews(): Promise<void> {
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    const ours = tabs.filter(({ input }) => {
      const uri = input instanceof vscode.TabInputTextDiff ? input.modified : (input as vscode.TabInputText)?.uri;
      return uri?.scheme === SCHEME;
    });
    await vscode.window.tabGroups.close(ours);
    this.texts.clear();
  }

  /** It was previewed: it is not to be confirmed once more. */
  private async apply(edit: LspEdit): Promise<void> {
    const whole = new vscode.WorkspaceEdit();
    for (const change of edit.documentChanges ?? []) {
      if ("kind" in change && change.kind === "create") {
        whole.createFile(vscode.Uri.parse(change.uri), { ignoreIfExists: change.options?.ignoreIfExists ?? false });
      }
    }
    for (const [uri, edits] of await this.edits(edit)) whole.set(uri, edits);
    if (!(await vscode.workspace.applyEdit(whole))) throw new Error("the text has changed: nothing was put in");
  }

  private async edits(edit: LspEdit | null): Promise<[vscode.Uri, vscode.TextEdit[]][]> {
    const language = this.client.running;
    if (!edit || !language) return [];
    return (await language.protocol2CodeConverter.asWorkspaceEdit(edit)).entries();
  }

  dispose(): void {
    this.texts.dispose();
  }
}

function wordAt(document: vscode.TextDocument, position: vscode.Position): string {
  const range = document.getWordRangeAtPosition(position);
  return range ? document.getText(range) : "";
}

/** The text of a document behind some edits. */
function applied(document: vscode.TextDocument, edits: readonly vscode.TextEdit[]): string {
  let text = document.getText();
  const placed = edits.map((edit) => [document.offsetAt(edit.range.start), document.offsetAt(edit.range.end), edit.newText] as const);
  for (const [start, end, newText] of [...placed].sort((one, other) => other[0] - one[0])) {
    text = text.slice(0, start) + newText + text.slice(end);
  }
  return text;
}
