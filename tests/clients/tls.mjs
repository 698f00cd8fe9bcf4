// TLS in front of a server that speaks plain http on loopback, as a proxy does in life; and reading through it.

import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createServer, get } from "node:https";
import { join } from "node:path";

/**
 * Passes everything on to `port` of loopback. `ca` is a folder made by make-ca; the answer tells the port that speaks
 * TLS. The server behind learns of it by X-Forwarded-Proto and X-Forwarded-For; `Host` stays what the client sent.
 */
export async function startTls(ca, port) {
  const tls = { key: readFileSync(join(ca, "leaf.key")), cert: readFileSync(join(ca, "leaf.pem")) };
  const server = createServer(tls, (incoming, outgoing) => {
    const { method, url: path, socket } = incoming;
    const { connection: _, ...kept } = incoming.headers;
    const headers = { ...kept, "x-forwarded-proto": "https", "x-forwarded-for": socket.remoteAddress };
    // A connection for each: one that is kept may be closed by the other side just when a form goes into it.
    const onward = request({ host: "127.0.0.1", port, method, path, headers, setHost: false, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)));
  return { port: server.address().port, stop };
}

/** The text at an https address whose certificate is of this authority; Node's own `fetch` takes none but the system's. */
export function read(ca, url) {
  return new Promise((resolve, reject) => {
    const request = get(url, { ca: readFileSync(join(ca, "ca.pem")) }, async (answer) => {
      let text = "";
      for await (const part of answer.setEncoding("utf8")) text += part;
      if (answer.statusCode === 200) resolve(text);
      else reject(new Error(`${url}: ${answer.statusCode}\n${text}`));
    });
    request.on("error", reject);
  });
}
