import type { Rule } from "./rule.ts";

/** Refuses SQL: the tag `sql`, and any text that reads as a statement. Where SQL belongs, the configuration turns it off. */
export const sqlInStore: Rule = {
  create({ report }) {
    const message =
      "SQL belongs in packages/store/src/postgres, as a named function with a declared row type";
    const refuse = (node: object, text: unknown) => {
      if (typeof text === "string" && firstWord.test(text) && statement.test(text)) report({ node, message });
    };

    return {
      TaggedTemplateExpression(node: Tagged) {
        if (node.tag.type === "Identifier" && node.tag.name === "sql") report({ node, message });
      },
      TemplateLiteral(node: Template) {
        if (node.parent.type === "TaggedTemplateExpression" && node.parent.tag?.name === "sql") return;
        refuse(node, node.quasis.map(({ value }) => value.cooked ?? "").join("x"));
      },
      Literal(node: { readonly value: unknown }) {
        refuse(node, node.value);
      },
    };
  },
};

// "Select a tenant from the list" is prose.
const firstWord = /^\s*(?:[a-z]+|[A-Z]+)\s/u;

const statement = new RegExp(
  [
    String.raw`^\s*select\b[^]*\bfrom\s`,
    String.raw`^\s*insert\s+into\s`,
    String.raw`^\s*update\s+\S+\s+set\s`,
    String.raw`^\s*delete\s+from\s`,
    String.raw`^\s*with\s+\S+\s+as\s*\(`,
    String.raw`^\s*(?:create|alter|drop|truncate|grant|revoke)\s+(?:table|index|unique|role|function|trigger|database|schema|type|view)\s`,
  ].join("|"),
  "iu",
);

interface Tagged {
  readonly tag: { readonly type: string; readonly name?: string };
}

interface Template {
  readonly parent: { readonly type: string; readonly tag?: { readonly name?: string } };
  readonly quasis: readonly { readonly value: { readonly cooked: string | null } }[];
}
