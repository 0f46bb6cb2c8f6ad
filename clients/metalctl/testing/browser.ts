// A browser for tests: it goes where it is sent, keeps cookies, and fills in every form as "ann".
// Started as `xdg-open <address>`; BROWSER_LOG names a file for the titles of the pages it saw.
import { appendFileSync } from "node:fs";

const cookies = new Map<string, string>();
const MOST_PAGES = 30;

async function go(url: URL, form?: URLSearchParams): Promise<Response> {
  const response = await fetch(url, {
    redirect: "manual",
    headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
    ...(form && { method: "POST", body: form }),
  });
  for (const cookie of response.headers.getSetCookie()) {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    cookies.set(name, value);
  }
  return response;
}

let url = new URL(process.argv[2] ?? "");
let form: URLSearchParams | undefined;
for (let page = 0; page < MOST_PAGES; page++) {
  const response = await go(url, form);
  const location = response.headers.get("location");
  form = undefined;
  if (location !== null) {
    url = new URL(location, url);
    continue;
  }
  const html = await response.text();
  const log = process.env["BROWSER_LOG"];
  if (log) appendFileSync(log, `${/<title>([^<]*)/.exec(html)?.[1] ?? "?"} ${/<h1>([^<]*)/.exec(html)?.[1] ?? ""}\n`);
  const action = /<form[^>]*action="([^"]+)"/.exec(html)?.[1];
  if (action === undefined) break;
  form = new URLSearchParams({ login: "ann", password: "secret", logout: "yes" });
  for (const [, name = "", value = ""] of html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]+)"/g))
    form.set(name, value);
  url = new URL(action, url);
}
