-- migrate:up

-- What organizations are to be told of, once their caches know: the relay writes it in the step in which it
-- takes relayed rows away, and takes it away when it has been told.
create table change_announcements (
  id bigint generated always as identity constraint change_announcements_pkey primary key,
  -- Null: every tenant with an entitlement in force.
  tenant_id uuid,
  -- Of every tenant: how far it has been told.
  after_tenant_id uuid,
  reason text not null constraint change_announcements_reason_known
    check (reason in ('entitlement', 'override', 'tenant', 'product')),
  due_at timestamptz not null
);
grant select, insert, delete, update (after_tenant_id) on change_announcements to leftrail_writer;

-- migrate:down

drop table change_announcements;
