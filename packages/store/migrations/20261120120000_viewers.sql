-- migrate:up

-- Who sees a tenant can't be known before the commit: another transaction may have made an admin that this
-- one's snapshot does not show. So the triggers record whose members and whose admins a change concerns, and
-- whoever reads the outbox looks up who these are, after the commit.
alter table change_outbox
  drop constraint change_outbox_scope_known,
  drop constraint change_outbox_scope_id,
  add constraint change_outbox_scope_known
    check (scope in ('user', 'org', 'catalog', 'all', 'members', 'admins')),
  add constraint change_outbox_scope_id
    check ((scope_id is not null) = (scope in ('user', 'org', 'members', 'admins')));

-- A tenant's row shows in the lists of its members and of the admins above it, before and after the change.
-- Members that come or go with the tenant itself are named by their own rows.
create or replace function record_tenant_change() returns trigger language plpgsql
  security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into change_outbox (scope, scope_id, reason)
      select 'org', id, 'tenant' from new_rows
      union select 'admins', parent_tenant_id, 'tenant' from new_rows where parent_tenant_id is not null;
  elsif tg_op = 'DELETE' then
    insert into change_outbox (scope, scope_id, reason)
      select 'org', id, 'tenant' from old_rows
      union select 'admins', parent_tenant_id, 'tenant' from old_rows where parent_tenant_id is not null;
  else
    insert into change_outbox (scope, scope_id, reason)
      select 'org', id, 'tenant' from old_rows
      union select 'org', id, 'tenant' from new_rows
      union select 'members', id, 'tenant' from new_rows
      union select 'admins', parent_tenant_id, 'tenant' from old_rows where parent_tenant_id is not null
      union select 'admins', parent_tenant_id, 'tenant' from new_rows where parent_tenant_id is not null;
  end if;
  if found then perform pg_notify('leftrail_changes', ''); end if;
  return null;
end $$;
drop function record_tenant_scopes(uuid[], uuid[]);

-- The relay writes users in their place, as old as what they stand for.
grant insert (created_at) on change_outbox to leftrail_writer;

-- What the relay had said on its bus when it took rows away: who has not heard that has not heard of the rows.
alter table change_relay
  add column session text,
  add column number bigint,
  add constraint change_relay_mark check ((session is null) = (number is null));
grant update (session, number) on change_relay to leftrail_writer;
grant select on change_relay to leftrail_reader;

-- migrate:down

revoke select on change_relay from leftrail_reader;
alter table change_relay drop column session, drop column number;
revoke insert (created_at) on change_outbox from leftrail_writer;
delete from change_outbox where scope in ('members', 'admins');
insert into change_outbox (scope, reason) values ('all', 'tenant');
alter table change_outbox
  drop constraint change_outbox_scope_known,
  drop constraint change_outbox_scope_id,
  add constraint change_outbox_scope_known check (scope in ('user', 'org', 'catalog', 'all')),
  add constraint change_outbox_scope_id check ((scope_id is not null) = (scope in ('user', 'org')));
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
revoke execute on function record_tenant_scopes(uuid[], uuid[]) from public;
create or replace function record_tenant_change() returns trigger language plpgsql
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
