// The playground: an editor that asks `codegpt-server` for ghost text, and a panel that asks it in words.

import * as monaco from "monaco-editor/editor.js";
import "monaco-editor/features/register.all.js";
import "monaco-editor/languages/definitions/go/register.js";
import "monaco-editor/languages/definitions/javascript/register.js";
import "monaco-editor/languages/definitions/python/register.js";
import { Client } from "./lsp";
import { SAMPLES } from "./samples";
import "./style.css";

interface Evidence {
  level: string;
}
interface Change {
  range: LspRange;
  newText: string;
}
interface Candidate {
  program: string;
  label: string;
  evidence: Evidence;
  edit: { changes?: Record<string, Change[]> };
}
interface Answer {
  candidates: Candidate[];
  samples: number;
  remarks: string[];
}
interface LspPosition {
  line: number;
  character: number;
}
interface LspRange {
  start: LspPosition;
  end: LspPosition;
}
interface InlineItem {
  insertText: string;
  range?: LspRange;
  command?: { command: string; title: string; arguments?: unknown[] };
}
type Shown = monaco.languages.InlineCompletions & { items: (monaco.languages.InlineCompletion & { said: InlineItem })[] };

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const [status, why, latency, hint] = ["status", "why", "latency", "hint"].map((id) => find(id)) as HTMLElement[];
const wordsBox = find<HTMLTextAreaElement>("words");
const [write, stop] = [find<HTMLButtonElement>("write"), find<HTMLButtonElement>("stop")];
const languageBox = find<HTMLSelectElement>("language");
const [results, progress] = [find("results"), find("progress")];

self.MonacoEnvironment = { getWorker: () => new Worker("editor.worker.js", { type: "module" }) };

const dark = matchMedia("(prefers-color-scheme: dark)");
const theme = () => (dark.matches ? "vs-dark" : "vs");
dark.addEventListener("change", () => monaco.editor.setTheme(theme()));

const editor = monaco.editor.create(find("editor"), {
  automaticLayout: true,
  fontSize: 14,
  inlineSuggest: { enabled: true, showToolbar: "onHover" },
  minimap: { enabled: false },
  padding: { top: 12 },
  quickSuggestions: false,
  scrollBeyondLastLine: false,
  suggestOnTriggerCharacters: false,
  tabSize: 4,
  theme: theme(),
  wordBasedSuggestions: "off",
});

const token = location.hash.slice(1);
const client = new Client(`ws://${location.host}/session?token=${encodeURIComponent(token)}`, (reason) => {
  say("failed", reason || "the server is gone; start it again and reload the page");
});

let uri = "";
let version = 0;

const toLsp = (at: monaco.IPosition): LspPosition => ({ line: at.lineNumber - 1, character: at.column - 1 });
const toMonaco = (range: LspRange): monaco.IRange => ({
  startLineNumber: range.start.line + 1,
  startColumn: range.start.character + 1,
  endLineNumber: range.end.line + 1,
  endColumn: range.end.character + 1,
});

function say(state: string, detail: string): void {
  status!.textContent = state === "ready" ? `${detail}, on this machine` : detail ? `${state}: ${detail}` : state;
  status!.dataset.state = state;
}

function open(language: string): void {
  const sample = SAMPLES[language]!;
  if (uri) client.notify("textDocument/didClose", { textDocument: { uri } });
  editor.getModel()?.dispose();
  const at = sample.text.indexOf("‸");
  const model = monaco.editor.createModel(sample.text.replace("‸", ""), language);
  model.setEOL(monaco.editor.EndOfLineSequence.LF);
  editor.setModel(model);
  editor.setPosition(model.getPositionAt(at));
  [uri, version] = [`untitled:playground-${Date.now()}`, 0];
  wordsBox.value = sample.words;
  client.notify("textDocument/didOpen", {
    textDocument: { uri, languageId: language, version, text: model.getValue() },
  });
  model.onDidChangeContent((event) => {
    client.notify("textDocument/didChange", {
      textDocument: { uri, version: ++version },
      contentChanges: event.changes.map(({ range, text }) => ({
        range: {
          start: toLsp({ lineNumber: range.startLineNumber, column: range.startColumn }),
          end: toLsp({ lineNumber: range.endLineNumber, column: range.endColumn }),
        },
        text,
      })),
    });
  });
  editor.focus();
  void editor.getAction("editor.action.inlineSuggest.trigger")?.run();
}

monaco.languages.registerInlineCompletionsProvider(Object.keys(SAMPLES), {
  async provideInlineCompletions(_model, position, context, token): Promise<Shown | undefined> {
    const automatic = context.triggerKind === monaco.languages.InlineCompletionTriggerKind.Automatic;
    const begun = status!.dataset.state === "ready" ? performance.now() : undefined;
    try {
      const answer = await client.request<{ items: InlineItem[] }>(
        "textDocument/inlineCompletion",
        { textDocument: { uri }, position: toLsp(position), context: { triggerKind: automatic ? 2 : 1 } },
        (cancel) => token.onCancellationRequested(cancel),
      );
      if (!answer.items.length || token.isCancellationRequested) return undefined;
      if (begun !== undefined) latency!.textContent = `${Math.round(performance.now() - begun)} ms`;
      return {
        items: answer.items.map((said) => ({
          insertText: said.insertText,
          range: said.range && toMonaco(said.range),
          command: said.command && { id: said.command.command, title: "", arguments: said.command.arguments },
          said,
        })),
      };
    } catch {
      return undefined; // cancelled, or the server is gone, which the status says
    }
  },
  handleItemDidShow: (_all, item) => client.notify("textDocument/didShowCompletion", { item: (item as never as Shown["items"][number]).said }),
  handlePartialAccept: (_all, item, acceptedLength) =>
    client.notify("textDocument/didPartiallyAcceptCompletion", { item: (item as never as Shown["items"][number]).said, acceptedLength }),
  disposeInlineCompletions: () => undefined,
});

monaco.editor.registerCommand("codegpt.accepted", (_accessor, ...args: unknown[]) => {
  void client.request("workspace/executeCommand", { command: "codegpt.accepted", arguments: args });
});

client.on<{ state: string; detail: string; why: string }>("codegpt/status", (said) => {
  const isReadyNow = said.state === "ready" && status!.dataset.state !== "ready";
  say(said.state, said.detail);
  if (isReadyNow) void editor.getAction("editor.action.inlineSuggest.trigger")?.run();
  why!.textContent = said.why ? `no suggestion: ${said.why}` : "";
});
client.on<{ message: string }>("window/showMessage", ({ message }) => {
  hint!.textContent = message;
});
client.on<{ value: { kind: string; message?: string; percentage?: number } }>("$/progress", ({ value }) => {
  if (value.message) progress.querySelector("span")!.textContent = value.message;
  if (value.percentage !== undefined) progress.querySelector("progress")!.value = value.percentage;
});

let running = 0;

async function ask(): Promise<void> {
  const words = wordsBox.value.trim();
  const position = toLsp(editor.getPosition() ?? { lineNumber: 1, column: 1 });
  const [own, asked] = [++running, version];
  results.replaceChildren();
  progress.hidden = false;
  progress.querySelector("span")!.textContent = "asking";
  progress.querySelector("progress")!.value = 0;
  [write.disabled, stop.disabled] = [true, false];
  const mine = `words-${own}`;
  stop.onclick = () => client.notify("window/workDoneProgress/cancel", { token: mine });
  try {
    const answer = await client.request<Answer>("workspace/executeCommand", {
      command: "codegpt.generate",
      arguments: [{ uri, position, words }],
      workDoneToken: mine,
    });
    await show(answer, asked);
  } catch (error) {
    results.replaceChildren(line("p", (error as Error).message, "refused"));
  } finally {
    progress.hidden = true;
    [write.disabled, stop.disabled] = [false, true];
  }
}

async function show(answer: Answer, asked: number): Promise<void> {
  const cards = await Promise.all(answer.candidates.map((candidate) => card(candidate, asked)));
  const remarks = answer.remarks.map((remark) => line("p", remark, "remark"));
  results.replaceChildren(...cards, ...remarks);
  results.querySelector("button")?.focus();
}

// An edit is for the text that was asked about: `asked` is its version.
async function card(candidate: Candidate, asked: number): Promise<HTMLElement> {
  const box = document.createElement("article");
  const [level, ...rest] = candidate.label.split(", ");
  const head = document.createElement("header");
  head.append(line("strong", level ?? "", `level ${candidate.evidence.level.split(" ")[0]}`), line("span", rest.join(", "), "rest"));
  const code = document.createElement("pre");
  code.tabIndex = 0;
  code.innerHTML = await monaco.editor.colorize(candidate.program.trimEnd(), languageBox.value, { tabSize: 4 });
  const take = document.createElement("button");
  take.textContent = "Insert";
  take.onclick = () => {
    if (version !== asked) {
      take.replaceWith(line("p", "The text has changed since; ask again.", "remark"));
      return;
    }
    const edits = candidate.edit.changes?.[uri] ?? [];
    editor.executeEdits("codegpt", edits.map(({ range, newText }) => ({ range: toMonaco(range), text: newText, forceMoveMarkers: true })));
    editor.focus();
  };
  box.append(head, code, take);
  return box;
}

function line(tag: string, text: string, kind: string): HTMLElement {
  const found = document.createElement(tag);
  found.textContent = text;
  found.className = kind;
  return found;
}

async function explain(): Promise<void> {
  const said = await client.request<{ text: string }>("workspace/executeCommand", { command: "codegpt.explain" });
  find("explanation").textContent = said.text;
  find<HTMLDialogElement>("explain-dialog").showModal();
}

async function start(): Promise<void> {
  await client.opened;
  await client.request("initialize", {
    processId: null,
    rootUri: null,
    capabilities: {
      general: { positionEncodings: ["utf-16"] },
      textDocument: { inlineCompletion: {} },
      window: { workDoneProgress: true },
    },
  });
  client.notify("initialized", {});
  open(languageBox.value);
}

for (const [id, { name }] of Object.entries(SAMPLES)) languageBox.add(new Option(name, id));
languageBox.onchange = () => open(languageBox.value);
write.onclick = () => void ask();
wordsBox.onkeydown = (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void ask();
};
find("explain").onclick = () => void explain();
editor.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.KeyK, () => wordsBox.focus());
editor.addCommand(monaco.KeyMod.Alt | monaco.KeyCode.KeyE, () => void explain());

say("connecting", "");
void start().catch((error: Error) => say("failed", token ? error.message : "open the address that the server printed"));
