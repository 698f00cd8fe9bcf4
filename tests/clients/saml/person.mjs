// A person without a browser: keeps cookies for each host, follows redirects, sends forms.

/** Follows redirects up to a page; forgets everything with the object. */
export class Person {
  #cookies = new Map();

  /** The page at the end of the redirects: `{ status, url, text, form }`, the first form of it if there is one. */
  async get(address) {
    return this.#go(address, {});
  }

  /** Sends the form of a page with some fields filled in. */
  async submit({ form }, fields = {}) {
    return this.post(form.action, { ...form.fields, ...fields });
  }

  /** Posts a form. */
  async post(address, fields) {
    return this.#go(address, { method: "POST", body: new URLSearchParams(fields) });
  }

  async #go(address, options) {
    for (let hops = 0; hops < 15; hops++) {
      const { host } = new URL(address);
      const jar = this.#cookies.get(host) ?? new Map();
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const answer = await fetch(address, { ...options, redirect: "manual", headers: cookie ? { cookie } : {} });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        jar.set(name, value);
      }
      this.#cookies.set(host, jar);
      const next = answer.headers.get("location");
      if (!next || answer.status < 300 || answer.status > 399) {
        const text = await answer.text();
        return { status: answer.status, url: address, text, form: firstForm(text, address) };
      }
      // What follows a redirect is a GET (303, and in practice 302).
      address = new URL(next, address).href;
      options = {};
    }
    throw new Error(`redirects without end, at last to ${address}`);
  }
}

function firstForm(html, base) {
  const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(html);
  if (!form) return undefined;
  const fields = {};
  for (const [, attributes] of form[2].matchAll(/<input\b([^>]*)>/gi)) {
    const name = attribute(attributes, "name");
    if (name && !/type=["']?submit/i.test(attributes)) fields[name] = attribute(attributes, "value") ?? "";
  }
  return { action: new URL(attribute(form[1], "action") ?? base, base).href, fields };
}

function attribute(tag, name) {
  const found = new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, "i").exec(tag);
  return found && unescape(found[1] ?? found[2]);
}

const named = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const unescape = (text) =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) =>
    name ? (named[name] ?? all) : String.fromCodePoint(parseInt(hex ?? decimal, hex ? 16 : 10)),
  );
