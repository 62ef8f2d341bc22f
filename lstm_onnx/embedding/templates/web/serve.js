// Shows this folder to a browser on this machine: `node serve.js [PORT]`. Any server of files does as well.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

const server = createServer(async (request, response) => {
  let path = null;
  try {
    const asked = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    path = normalize(join(root, asked.endsWith("/") ? `${asked}index.html` : asked));
  } catch {
    // an address that cannot be read is no file
  }
  const found = path?.startsWith(root.endsWith(sep) ? root : root + sep) && (await stat(path).catch(() => null));
  if (!found || !found.isFile()) {
    response.writeHead(404).end("not here");
    return;
  }
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream", "content-length": found.size });
  createReadStream(path).pipe(response);
});
server.listen(Number(process.argv[2] ?? 8000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
