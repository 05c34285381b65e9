/**
 * What happens to a ticket at once, by Redis's own clock, so that leases of several instances compare. A ticket is
 * `{"claims": …, "streams": [[id, lease's end in ms], …]}`, oldest stream first. One key each.
 */
const script = (work: string): string => `
local text = redis.call('GET', KEYS[1])
if not text then return nil end
local isOurs, ticket = pcall(cjson.decode, text)
if not isOurs or type(ticket) ~= 'table' or type(ticket.claims) ~= 'table' then return nil end
local streamId, leaseMs, reuseMs = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- Those whose lease has ended are gone with their process.
local streams, at = {}, nil
for _, stream in ipairs(ticket.streams) do
  if stream[2] > nowMs then
    streams[#streams + 1] = stream
    if stream[1] == streamId then at = #streams end
  end
end

local function keep()
  local openMs = 0
  for _, stream in ipairs(streams) do openMs = math.max(openMs, stream[2] - nowMs) end
  -- Both by the caller's clock: what is left of the token.
  local lifeMs = math.min(openMs + reuseMs, ticket.claims.tokenExpiresAtMs - tonumber(ARGV[5]))
  ticket.streams = streams
  if lifeMs < 1 then redis.call('DEL', KEYS[1])
  else redis.call('SET', KEYS[1], cjson.encode(ticket), 'PX', string.format('%.0f', lifeMs)) end
end
${work}`;

/** Answers the ids of those that had to go. */
export const openScript = script(`
streams[#streams + 1] = {streamId, nowMs + leaseMs}
local ended = {}
while #streams > tonumber(ARGV[4]) do
  ended[#ended + 1] = table.remove(streams, 1)[1]
end
keep()
return ended
`);

/** 1: the lease is longer now. 0: there is none. */
export const renewScript = script(`
if not at then return 0 end
streams[at][2] = nowMs + leaseMs
keep()
return 1
`);

export const closeScript = script(`
if not at then return 0 end
table.remove(streams, at)
keep()
return 1
`);
