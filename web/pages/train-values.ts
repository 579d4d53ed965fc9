/** What a person has typed into the form of a training, as a request. Pure. */
import type { TrainField } from "../../src/studio/portable.ts";

/** What stands in the fields, by setting: texts as they were typed, true and false of switches. */
export type Typed = Readonly<Record<string, string | boolean>>;

/** The request that is typed: what is empty or as usual is left out. What is no number goes along as it is, so that it is objected to. */
export function requestOf(typed: Typed, fields: readonly TrainField[]): Record<string, unknown> {
  const request: Record<string, unknown> = {};
  for (const { name, kind, usual } of fields) {
    const given = typed[name];
    if (given === undefined || given === false || given === "") continue;
    const value = typeof given === "string" ? typedValue(given.trim(), kind) : given;
    if (value !== "" && value !== usual) request[name] = value;
  }
  return request;
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, "": 1 };

function typedValue(text: string, kind: TrainField["kind"]): unknown {
  if (kind === "numbers") return text.split(/[\s,]+/).map(numberOf);
  if (kind === "seconds") {
    const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s*(s|m|min|h)?$/.exec(text) ?? [];
    return amount === undefined ? text : Number(amount) * secondsOf[unit]!;
  }
  return kind === "number" || kind === "whole" ? numberOf(text) : text;
}

function numberOf(text: string): number | string {
  const value = Number(text);
  return text !== "" && Number.isFinite(value) ? value : text;
}

/** Names that say too little by themselves. */
const labels: Readonly<Record<string, string>> = {
  normal: "Normal images",
  general: "General images",
  out: "Folder of the detector",
  time: "Longest time of training",
  size: "Side of the model's images",
  faults: "Look for local faults",
  heldOut: "Share held out",
};

/** What a setting is called: `learningRate` is `Learning rate`. */
export function labelOf(name: string): string {
  if (labels[name]) return labels[name];
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
