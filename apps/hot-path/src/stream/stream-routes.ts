export const streamRoutes = { stream: "/v1/stream", tickets: "/v1/stream/tickets" } as const;
