/** What the checks look at in a document. */
export interface Markdown {
  /** Targets of links and images, as written. */
  readonly links: readonly string[];
  /** What stands between back-ticks, and every line of a fenced block. */
  readonly code: readonly string[];
  /** What `#…` may point at. */
  readonly anchors: ReadonlySet<string>;
}

export function readMarkdown(text: string): Markdown {
  const { prose, fenced } = splitFences(text);
  const inline = [...prose.matchAll(inlineCode)].map(([, , code]) => code ?? "");
  const plain = prose.replaceAll(inlineCode, "");
  return {
    links: [linkTarget, linkDefinition, htmlTarget].flatMap((form) =>
      [...plain.matchAll(form)].map(([, target]) => target ?? ""),
    ),
    code: [...inline, ...fenced],
    anchors: anchorsOf(prose),
  };
}

const inlineCode = /(`+)(.+?)\1(?!`)/gsu;
const linkTarget = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/gu;
const linkDefinition = /^\s{0,3}\[[^\]]+\]:\s+(\S+)/gmu;
const htmlTarget = /<(?:a|img|source)\b[^>]*?\s(?:href|src|srcset)="([^"]+)"/gu;

function splitFences(text: string): { readonly prose: string; readonly fenced: readonly string[] } {
  const prose: string[] = [];
  const fenced: string[] = [];
  let fence: string | null = null;
  for (const line of text.split(/\r?\n/u)) {
    const mark = /^\s*(`{3,}|~{3,})/u.exec(line)?.[1];
    if (fence === null && mark !== undefined) fence = mark;
    else if (fence !== null && mark?.startsWith(fence) === true) fence = null;
    else if (fence === null) prose.push(line);
    else fenced.push(line);
  }
  return { prose: prose.join("\n"), fenced };
}

/** Headings as GitHub names them (the second of the same name ends in `-1`), and ids written as HTML. */
function anchorsOf(prose: string): ReadonlySet<string> {
  const anchors = new Set([...prose.matchAll(/\b(?:id|name)="([^"]+)"/gu)].map(([, id]) => id ?? ""));
  const seen = new Map<string, number>();
  for (const [, heading] of prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gmu)) {
    const name = slug(heading ?? "");
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    anchors.add(count === 0 ? name : `${name}-${count}`);
  }
  return anchors;
}

function slug(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
    .replaceAll(" ", "-");
}
