/** The item in the status bar: ready, busy, off, why there is nothing; a click opens the menu. */

import * as vscode from "vscode";
import type { Client, Status } from "./client";

const ICONS: Record<Status["state"], string> = {
  loading: "$(loading~spin)",
  ready: "$(sparkle)",
  failed: "$(error)",
  off: "$(circle-slash)",
};

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("codegpt", vscode.StatusBarAlignment.Right, 100);
  private status: Status = { state: "off", detail: "", offer: "", why: "", index: "" };
  private working = 0;

  constructor(client: Client) {
    this.item.name = "codegpt";
    this.item.command = "codegpt.menu";
    client.onStatus((status) => this.say(status));
    client.onWorking((begins) => {
      this.working = Math.max(0, this.working + (begins ? 1 : -1));
      this.draw();
    });
    this.draw();
    this.item.show();
  }

  say(status: Status): void {
    this.status = status;
    this.draw();
  }

  private draw(): void {
    const { state, detail, why, index } = this.status;
    const busy = this.working > 0 && state !== "failed" && state !== "off";
    this.item.text = `${busy ? "$(sync~spin)" : ICONS[state]} codegpt`;
    const lines = [`codegpt: ${busy ? "writing" : state}`, detail, why && `Nothing is suggested: ${why}`, index && `Other files: ${index}`];
    this.item.tooltip = lines.filter((line) => line).join("\n");
    this.item.backgroundColor = state === "failed" ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
    this.item.accessibilityInformation = { label: lines.filter((line) => line).join(", "), role: "button" };
  }

  dispose(): void {
    this.item.dispose();
  }
}
