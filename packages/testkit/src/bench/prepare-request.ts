export interface RequestParts {
  readonly method?: string;
  readonly path: string;
  /** `Host` and `Content-Length` go without saying. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The bytes of an HTTP/1.1 request, to be sent any number of times. */
export function prepareRequest({ method = "GET", path, headers = {}, body }: RequestParts): Buffer {
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const lines = Object.entries({ host: "127.0.0.1", ...length, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const head = `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
  if (/\r\n[ \t]|\0/.test(head) || head.split("\r\n").length !== lines.length + 3) {
    throw new Error(`no HTTP request: ${JSON.stringify(head)}`);
  }
  return Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body ?? "")]);
}
