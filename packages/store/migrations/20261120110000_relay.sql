-- migrate:up

-- How far the relay has come: one row.
create table change_relay (
  is_only boolean not null default true
    constraint change_relay_pkey primary key
    constraint change_relay_one_row check (is_only),
  -- Starts and ends up to this moment stand in change_outbox, or stood there.
  boundaries_until timestamptz not null
);
insert into change_relay (boundaries_until) values (now());

grant select, update (boundaries_until) on change_relay to leftrail_writer;
-- A boundary that time reaches is nobody's statement, so no trigger records it: the relay does.
grant insert (scope, scope_id, reason) on change_outbox to leftrail_writer;

-- What starts, ends or expires within a span of time; asked several times a second.
create index entitlements_starts_idx on entitlements (starts_at)
  where status not in ('cancelled', 'expired');
create index entitlements_ends_idx on entitlements (ends_at)
  where ends_at is not null and status not in ('cancelled', 'expired');
create index product_access_overrides_expires_idx on product_access_overrides (expires_at)
  where expires_at is not null and active;

-- migrate:down

drop index product_access_overrides_expires_idx, entitlements_ends_idx, entitlements_starts_idx;
revoke insert (scope, scope_id, reason) on change_outbox from leftrail_writer;
drop table change_relay;
