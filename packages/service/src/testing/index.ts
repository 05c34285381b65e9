export { conformanceTo, type Conformance, type SeenAnswer } from "./conformance.ts";
