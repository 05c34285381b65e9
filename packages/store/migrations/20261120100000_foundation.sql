-- migrate:up

-- "At most one entitlement in force" needs an exclusion over (tenant, product, time range).
create extension if not exists btree_gist;

-- Two roles without login. Roles belong to the whole server, so another database may have made them already.
do $$
begin
  create role leftrail_reader nologin;
exception when duplicate_object or unique_violation then null;
end $$;
do $$
begin
  create role leftrail_writer nologin;
exception when duplicate_object or unique_violation then null;
end $$;
grant leftrail_reader, leftrail_writer to current_user;

-- Answers show years of four digits. "For ever" is null, not infinity.
create function is_moment(moment timestamptz) returns boolean language sql immutable parallel safe
  set search_path = pg_catalog, pg_temp as $$
  select moment is null or (moment >= '0001-01-01 00:00:00+00' and moment < '10000-01-01 00:00:00+00')
$$;

create table tenants (
  id uuid constraint tenants_pkey primary key default gen_random_uuid(),
  slug text collate "C" not null
    constraint tenants_slug_key unique
    constraint tenants_slug_shape check (slug ~ '^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$'),
  name text not null constraint tenants_name_length check (length(name) between 1 and 200),
  status text not null default 'pending'
    constraint tenants_status_known check (status in ('pending', 'active', 'cancelled')),
  parent_tenant_id uuid
    constraint tenants_parent_fkey references tenants (id) on delete restrict
    constraint tenants_parent_other check (parent_tenant_id <> id),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  activated_at timestamptz,
  cancelled_at timestamptz,
  constraint tenants_moments check (is_moment(created_at) and is_moment(updated_at) and is_moment(activated_at) and is_moment(cancelled_at))
);
create index tenants_parent_idx on tenants (parent_tenant_id) where parent_tenant_id is not null;
create index tenants_newest_idx on tenants (created_at desc, id desc);
create index tenants_status_newest_idx on tenants (status, created_at desc, id desc);

create table memberships (
  tenant_id uuid not null constraint memberships_tenant_fkey references tenants (id) on delete cascade,
  user_id uuid not null,
  role text not null constraint memberships_role_known check (role in ('owner', 'admin', 'member')),
  created_at timestamptz not null default now(),
  constraint memberships_pkey primary key (tenant_id, user_id),
  constraint memberships_moments check (is_moment(created_at))
);
create index memberships_user_idx on memberships (user_id);

create table stripe_products (
  id text constraint stripe_products_pkey primary key
    constraint stripe_products_id_length check (length(id) between 1 and 200),
  name text not null,
  active boolean not null default true,
  metadata jsonb not null default '{}'
    constraint stripe_products_metadata_object check (jsonb_typeof(metadata) = 'object')
);

create table catalog_products (
  product text collate "C" constraint catalog_products_pkey primary key
    constraint catalog_products_key_length check (length(product) between 1 and 200),
  name text not null,
  description text not null default '',
  trial_days integer constraint catalog_products_trial_days_range check (trial_days between 1 and 3650),
  stripe_product_id text
    constraint catalog_products_stripe_fkey references stripe_products (id) on delete set null
);
create index catalog_products_stripe_idx on catalog_products (stripe_product_id);

create table orders (
  id uuid constraint orders_pkey primary key default gen_random_uuid(),
  tenant_id uuid not null constraint orders_tenant_fkey references tenants (id) on delete cascade,
  product text collate "C" not null
    constraint orders_product_fkey references catalog_products (product),
  kind text not null constraint orders_kind_known check (kind in ('request', 'trial', 'purchase')),
  status text not null constraint orders_status_known check (status in ('requested', 'fulfilled', 'rejected')),
  requested_by uuid not null,
  note text,
  created_at timestamptz not null default now(),
  decided_at timestamptz,
  constraint orders_moments check (is_moment(created_at) and is_moment(decided_at))
);
create unique index orders_one_open_request on orders (tenant_id, product) where status = 'requested';
create unique index orders_one_trial_ever on orders (tenant_id, product) where kind = 'trial';
create index orders_tenant_newest_idx on orders (tenant_id, created_at desc, id desc);

create table entitlements (
  id uuid constraint entitlements_pkey primary key default gen_random_uuid(),
  tenant_id uuid not null constraint entitlements_tenant_fkey references tenants (id) on delete cascade,
  product text collate "C" not null
    constraint entitlements_product_fkey references catalog_products (product),
  source text not null
    constraint entitlements_source_known check (source in ('purchase', 'trial', 'grant')),
  status text not null default 'active' constraint entitlements_status_known
    check (status in ('active', 'trialing', 'scheduled', 'expired', 'cancelled')),
  starts_at timestamptz not null default now(),
  ends_at timestamptz,
  order_id uuid constraint entitlements_order_fkey references orders (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint entitlements_span check (ends_at >= starts_at),
  constraint entitlements_one_in_force exclude using gist
    (tenant_id with =, product with =, tstzrange(starts_at, ends_at) with &&)
    where (status not in ('expired', 'cancelled')),
  constraint entitlements_moments check (is_moment(starts_at) and is_moment(ends_at) and is_moment(created_at) and is_moment(updated_at))
);
create index entitlements_tenant_newest_idx on entitlements (tenant_id, created_at desc, id desc);
create index entitlements_order_idx on entitlements (order_id);

create table product_access_overrides (
  id uuid constraint product_access_overrides_pkey primary key default gen_random_uuid(),
  tenant_id uuid not null
    constraint product_access_overrides_tenant_fkey references tenants (id) on delete cascade,
  target_type text not null
    constraint product_access_overrides_target_type_known check (target_type in ('feature', 'product')),
  target text collate "C" not null
    constraint product_access_overrides_target_length check (length(target) between 1 and 200),
  effect text not null
    constraint product_access_overrides_effect_known check (effect in ('grant', 'deny')),
  active boolean not null default true,
  expires_at timestamptz,
  reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint product_access_overrides_one_per_target unique (tenant_id, target_type, target),
  constraint product_access_overrides_moments check (is_moment(expires_at) and is_moment(created_at) and is_moment(updated_at))
);

create table api_keys (
  id uuid constraint api_keys_pkey primary key default gen_random_uuid(),
  tenant_id uuid not null constraint api_keys_tenant_fkey references tenants (id) on delete cascade,
  name text not null,
  prefix text collate "C" not null constraint api_keys_prefix_key unique,
  key_hash text not null,
  scopes text[] not null default '{}',
  created_by uuid not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  constraint api_keys_moments check (is_moment(created_at) and is_moment(expires_at) and is_moment(revoked_at) and is_moment(last_used_at))
);
create index api_keys_tenant_newest_idx on api_keys (tenant_id, created_at desc, id desc);

-- tenant_id goes when the tenant goes; tenant_ref never changes, so the trail stays findable.
create table audit_log (
  id uuid constraint audit_log_pkey primary key,
  tenant_id uuid constraint audit_log_tenant_fkey references tenants (id) on delete set null,
  tenant_ref uuid not null,
  product text collate "C",
  actor_type text not null
    constraint audit_log_actor_type_known check (actor_type in ('user', 'service', 'system')),
  actor_id text collate "C" not null,
  action text collate "C" not null,
  target_type text,
  target_id text,
  -- json, not jsonb: what was reported is what is kept and shown, and 1e308 stays five characters.
  metadata json not null default '{}'
    constraint audit_log_metadata_object check (json_typeof(metadata) = 'object'),
  ip text,
  request_id text,
  occurred_at timestamptz constraint audit_log_occurred_at_range
    check (occurred_at >= '0001-01-01 00:00:00Z' and occurred_at < '10000-01-01 00:00:00Z'),
  created_at timestamptz not null constraint audit_log_created_at_range
    check (created_at >= '0001-01-01 00:00:00Z' and created_at < '10000-01-01 00:00:00Z'),
  seq bigint not null constraint audit_log_seq_positive check (seq > 0),
  hash text not null,
  key_id text not null,
  constraint audit_log_seq_key unique (tenant_ref, seq)
);
create index audit_log_tenant_idx on audit_log (tenant_id) where tenant_id is not null;
-- Newest first by each filter, of one tenant and of all. The conditions always hold; a query repeats one
-- to get that index. Else the planner takes the newest rows of all and filters, years deep if it must.
create index audit_log_newest_idx on audit_log (tenant_ref, created_at desc, id desc);
create index audit_log_product_idx on audit_log (tenant_ref, product, created_at desc, id desc);
create index audit_log_actor_idx on audit_log (tenant_ref, actor_id, created_at desc, id desc);
create index audit_log_action_idx on audit_log (tenant_ref, action, created_at desc, id desc);
create index audit_log_all_newest_idx on audit_log (created_at desc, id desc) where seq > 0;
create index audit_log_all_product_idx on audit_log (product, created_at desc, id desc) where seq > -1;
create index audit_log_all_actor_idx on audit_log (actor_id, created_at desc, id desc) where seq > -1;
create index audit_log_all_action_idx on audit_log (action, created_at desc, id desc) where seq > -1;

create table audit_heads (
  tenant_ref uuid constraint audit_heads_pkey primary key,
  seq bigint not null,
  hash text not null,
  mac text not null,
  key_id text not null
);

-- Also the owner is stopped; only the foreign key may empty tenant_id, and nothing else in the same breath.
create function audit_log_is_append_only() returns trigger language plpgsql
  set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' and new.tenant_id is null
    and to_jsonb(new) - 'tenant_id' = to_jsonb(old) - 'tenant_id' then
    return new;
  end if;
  raise exception 'audit_log is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_log_no_rewrite before update or delete on audit_log
  for each row execute function audit_log_is_append_only();
create trigger audit_log_no_truncate before truncate on audit_log
  for each statement execute function audit_log_is_append_only();

create table idempotency_keys (
  caller text not null,
  route text not null,
  key text not null,
  request_hash text not null,
  response_status smallint not null,
  response_body json not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint idempotency_keys_pkey primary key (caller, route, key)
);
create index idempotency_keys_expires_idx on idempotency_keys (expires_at);

-- What changed, for whoever caches: one row a scope, in the writer's own transaction.
create table change_outbox (
  id bigint generated always as identity constraint change_outbox_pkey primary key,
  scope text not null constraint change_outbox_scope_known check (scope in ('user', 'org', 'catalog', 'all')),
  scope_id uuid,
  reason text not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint change_outbox_scope_id check ((scope_id is not null) = (scope in ('user', 'org')))
);

-- The triggers run as the owner, so that any writer's change is recorded whatever it may touch itself.
create function record_org_change() returns trigger language plpgsql
  security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into change_outbox (scope, scope_id, reason)
      select distinct 'org', tenant_id, tg_argv[0] from new_rows;
  elsif tg_op = 'DELETE' then
    insert into change_outbox (scope, scope_id, reason)
      select distinct 'org', tenant_id, tg_argv[0] from old_rows;
  else
    insert into change_outbox (scope, scope_id, reason)
      select 'org', tenant_id, tg_argv[0] from new_rows
      union select 'org', tenant_id, tg_argv[0] from old_rows;
  end if;
  if found then perform pg_notify('leftrail_changes', ''); end if;
  return null;
end $$;

create function record_membership_change() returns trigger language plpgsql
  security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into change_outbox (scope, scope_id, reason)
      select distinct 'user', user_id, 'membership' from new_rows;
  elsif tg_op = 'DELETE' then
    insert into change_outbox (scope, scope_id, reason)
      select distinct 'user', user_id, 'membership' from old_rows;
  else
    insert into change_outbox (scope, scope_id, reason)
      select 'user', user_id, 'membership' from new_rows
      union select 'user', user_id, 'membership' from old_rows;
  end if;
  if found then perform pg_notify('leftrail_changes', ''); end if;
  return null;
end $$;

-- A tenant's row shows in the lists of its members and of the admins above it, before and after the change.
create function record_tenant_scopes(tenant_ids uuid[], parent_ids uuid[]) returns void language sql
  security definer set search_path = pg_catalog, public, pg_temp as $$
  insert into change_outbox (scope, scope_id, reason)
    select distinct 'org', id, 'tenant' from unnest(tenant_ids) as id;
  with recursive above as (
    select id, parent_tenant_id from tenants where id = any (parent_ids)
    union
    select t.id, t.parent_tenant_id from tenants t join above a on t.id = a.parent_tenant_id
  )
  insert into change_outbox (scope, scope_id, reason)
    select 'user', user_id, 'tenant' from memberships where tenant_id = any (tenant_ids)
    union
    select 'user', m.user_id, 'tenant' from memberships m join above a on m.tenant_id = a.id
      where m.role in ('owner', 'admin');
$$;

create function record_tenant_change() returns trigger language plpgsql
  security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  tenant_ids uuid[];
  parent_ids uuid[];
begin
  if tg_op = 'INSERT' then
    select array_agg(id), array_agg(parent_tenant_id) into tenant_ids, parent_ids from new_rows;
  elsif tg_op = 'DELETE' then
    select array_agg(id), array_agg(parent_tenant_id) into tenant_ids, parent_ids from old_rows;
  else
    select array_agg(id), array_agg(parent_tenant_id) into tenant_ids, parent_ids
      from (select id, parent_tenant_id from new_rows
            union select id, parent_tenant_id from old_rows) as changed;
  end if;
  if tenant_ids is not null then
    perform record_tenant_scopes(tenant_ids, parent_ids);
    perform pg_notify('leftrail_changes', '');
  end if;
  return null;
end $$;

-- A sync that writes again what is there must not make everybody read anew.
create function record_catalog_change() returns trigger language plpgsql
  security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  is_changed boolean;
begin
  if tg_op = 'INSERT' then
    is_changed := exists (select 1 from new_rows);
  elsif tg_op = 'DELETE' then
    is_changed := exists (select 1 from old_rows);
  else
    is_changed := exists (select * from new_rows except all select * from old_rows);
  end if;
  if is_changed then
    insert into change_outbox (scope, reason) values ('catalog', 'product');
    perform pg_notify('leftrail_changes', '');
  end if;
  return null;
end $$;

create function record_truncation() returns trigger language plpgsql
  security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into change_outbox (scope, reason) values ('all', tg_argv[0]);
  perform pg_notify('leftrail_changes', '');
  return null;
end $$;

create trigger tenants_inserted after insert on tenants referencing new table as new_rows
  for each statement execute function record_tenant_change();
create trigger tenants_updated after update on tenants referencing old table as old_rows new table as new_rows
  for each statement execute function record_tenant_change();
create trigger tenants_deleted after delete on tenants referencing old table as old_rows
  for each statement execute function record_tenant_change();

create trigger memberships_inserted after insert on memberships referencing new table as new_rows
  for each statement execute function record_membership_change();
create trigger memberships_updated after update on memberships
  referencing old table as old_rows new table as new_rows
  for each statement execute function record_membership_change();
create trigger memberships_deleted after delete on memberships referencing old table as old_rows
  for each statement execute function record_membership_change();

create trigger orders_inserted after insert on orders referencing new table as new_rows
  for each statement execute function record_org_change('order');
create trigger orders_updated after update on orders referencing old table as old_rows new table as new_rows
  for each statement execute function record_org_change('order');
create trigger orders_deleted after delete on orders referencing old table as old_rows
  for each statement execute function record_org_change('order');

create trigger entitlements_inserted after insert on entitlements referencing new table as new_rows
  for each statement execute function record_org_change('entitlement');
create trigger entitlements_updated after update on entitlements
  referencing old table as old_rows new table as new_rows
  for each statement execute function record_org_change('entitlement');
create trigger entitlements_deleted after delete on entitlements referencing old table as old_rows
  for each statement execute function record_org_change('entitlement');

create trigger product_access_overrides_inserted after insert on product_access_overrides
  referencing new table as new_rows for each statement execute function record_org_change('override');
create trigger product_access_overrides_updated after update on product_access_overrides
  referencing old table as old_rows new table as new_rows
  for each statement execute function record_org_change('override');
create trigger product_access_overrides_deleted after delete on product_access_overrides
  referencing old table as old_rows for each statement execute function record_org_change('override');

create trigger catalog_products_inserted after insert on catalog_products referencing new table as new_rows
  for each statement execute function record_catalog_change();
create trigger catalog_products_updated after update on catalog_products
  referencing old table as old_rows new table as new_rows
  for each statement execute function record_catalog_change();
create trigger catalog_products_deleted after delete on catalog_products referencing old table as old_rows
  for each statement execute function record_catalog_change();
create trigger stripe_products_inserted after insert on stripe_products referencing new table as new_rows
  for each statement execute function record_catalog_change();
create trigger stripe_products_updated after update on stripe_products
  referencing old table as old_rows new table as new_rows
  for each statement execute function record_catalog_change();
create trigger stripe_products_deleted after delete on stripe_products referencing old table as old_rows
  for each statement execute function record_catalog_change();

create trigger tenants_truncated after truncate on tenants
  for each statement execute function record_truncation('tenant');
create trigger memberships_truncated after truncate on memberships
  for each statement execute function record_truncation('membership');
create trigger orders_truncated after truncate on orders
  for each statement execute function record_truncation('order');
create trigger entitlements_truncated after truncate on entitlements
  for each statement execute function record_truncation('entitlement');
create trigger product_access_overrides_truncated after truncate on product_access_overrides
  for each statement execute function record_truncation('override');
create trigger catalog_products_truncated after truncate on catalog_products
  for each statement execute function record_truncation('product');
create trigger stripe_products_truncated after truncate on stripe_products
  for each statement execute function record_truncation('product');

-- A function that runs as its owner is nobody's to call by hand.
revoke execute on function record_tenant_scopes(uuid[], uuid[]) from public;

grant select on tenants, memberships, stripe_products, catalog_products, orders, entitlements,
  product_access_overrides, change_outbox to leftrail_reader;
grant select, insert, update, delete on tenants, memberships, stripe_products, catalog_products, orders,
  entitlements, product_access_overrides, api_keys, idempotency_keys to leftrail_writer;
grant select, insert on audit_log to leftrail_writer;
grant select, insert, update on audit_heads to leftrail_writer;
grant select, delete on change_outbox to leftrail_writer;

insert into catalog_products (product, name, description, trial_days) values
  ('ai-chat', 'AI Chat', 'Ask questions about your changes and keep the history.', 14),
  ('change-radar', 'Change Radar', 'Watches your vendors and tells you what changed.', null);

-- migrate:down

drop table change_outbox, idempotency_keys, audit_heads, audit_log, api_keys, product_access_overrides,
  entitlements, orders, catalog_products, stripe_products, memberships, tenants;
drop function record_org_change, record_membership_change, record_tenant_scopes, record_tenant_change,
  record_catalog_change, record_truncation, audit_log_is_append_only, is_moment;
