/** The way in: the page behind the printed address, and what somebody sees who has none. Neither has a script. */
import { remedyText, writeSettings } from "../../base/index.ts";
import { escapeXml } from "../../report/index.ts";
import type { Refusal } from "../../service/index.ts";

/** Where the printed address leads. */
export const enteringPath = "/enter";

/**
 * A page that goes on to the studio: from a page of the studio's own the browser sends the cookie, however it came here. With a refusal it says
 * why it does not.
 */
export function enteringPage(refusal: Refusal | undefined): globalThis.Response {
  const title = refusal ? "This address is not open" : "Outglow studio";
  const remedy = refusal?.fault.remedy;
  const text = refusal
    ? `<p>Expected ${escapeXml(writeSettings(refusal.fault.expected))}.</p><p>${remedy ? escapeXml(`Please ${remedyText(remedy)}.`) : ""}</p>`
    : '<p><a href="/">Open the studio</a></p>';
  const refresh = refusal ? "" : '<meta http-equiv="refresh" content="0; url=/">';
  const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">${refresh}<title>${title}</title></head><body><main><h1>${title}</h1>${text}</main></body></html>`;
  return new Response(page, {
    status: refusal?.status ?? 200,
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}
