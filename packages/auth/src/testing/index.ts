export { callOf, comparable, type Answer, type Call, type CallOptions } from "./call.ts";
export { newUser, startTestAuth, type TestAuth, type TestUser } from "./test-auth.ts";
