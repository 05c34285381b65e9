import type { UpdateTenantInput } from "@leftrail/contract";
import type { Tenant } from "@leftrail/store";

interface Fields {
  name?: string;
  parent_tenant_id?: string | null;
}

/** What an update asks for that the tenant does not have already, with what it has instead. */
export function changedFields(
  { name, parentTenantId }: Tenant,
  input: UpdateTenantInput,
): { readonly from: Readonly<Fields>; readonly to: Readonly<Fields> } {
  const from: Fields = {};
  const to: Fields = {};
  if (input.name !== undefined && input.name !== name) {
    from.name = name;
    to.name = input.name;
  }
  if (input.parent_tenant_id !== undefined && input.parent_tenant_id !== parentTenantId) {
    from.parent_tenant_id = parentTenantId;
    to.parent_tenant_id = input.parent_tenant_id;
  }
  return { from, to };
}

/** The same in the words of the store. */
export const toStored = ({ name, parent_tenant_id: parentTenantId }: Readonly<Fields>) => ({
  ...(name === undefined ? {} : { name }),
  ...(parentTenantId === undefined ? {} : { parentTenantId }),
});
