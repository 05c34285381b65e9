import { custom, InvalidSetting } from "@leftrail/service";

/** `CORS_ORIGINS`: the origins whose pages may read the answers, comma separated. */
export const corsOriginsSetting = custom<readonly string[]>({
  parse: parseOrigins,
  example: "https://app.example.com,https://admin.example.com",
  default: [],
});

function parseOrigins(text: string): readonly string[] {
  return text.split(",").map((part, index) => {
    const origin = part.trim();
    const entry = `entry ${index + 1}`;
    if (origin.includes("*")) throw new InvalidSetting(`${entry} has a "*": name every origin by itself`);
    if (!isOrigin(origin)) throw new InvalidSetting(`${entry} must be an origin ${asSent}`);
    return origin;
  });
}

const asSent =
  "as browsers send it: http or https, the host in lower case, a port unless it is the default, no slash at the end";

/** As a browser writes it, so that it can be compared as text. */
const isOrigin = (text: string): boolean =>
  /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;
