/** The ids in the body of `GET /v1/organizations`; throws for any other text. */
export function organizationIdsIn(body: string): readonly string[] {
  const answer: unknown = JSON.parse(body);
  if (!hasOrganizations(answer)) throw new TypeError("not an answer with organizations");
  return answer.organizations.map(({ id }) => id);
}

// Holds because the text is our own: only load-organizations.ts makes it, and its digest is checked where it was kept.
const hasOrganizations = (
  answer: unknown,
): answer is { readonly organizations: readonly { readonly id: string }[] } =>
  typeof answer === "object" &&
  answer !== null &&
  "organizations" in answer &&
  Array.isArray(answer.organizations);
