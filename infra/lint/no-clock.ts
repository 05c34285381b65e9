import type { Rule } from "./rule.ts";

/** Refuses `new Date()` and `Date()`, which read the clock; `new Date(moment)` does not. */
export const noClock: Rule = {
  create({ report }) {
    const check = (node: Call) => {
      if (node.callee.type !== "Identifier" || node.callee.name !== "Date") return;
      if (node.type === "NewExpression" && node.arguments.length > 0) return;
      report({ node, message: "This reads the clock: take the moment as a parameter" });
    };
    return { NewExpression: check, CallExpression: check };
  },
};

interface Call {
  readonly type: "NewExpression" | "CallExpression";
  readonly callee: { readonly type: string; readonly name?: string };
  readonly arguments: readonly object[];
}
