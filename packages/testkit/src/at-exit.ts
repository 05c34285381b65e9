const tasks = new Set<() => void>();
let isListening = false;

/** Runs the task when this process exits, unless it is taken back: one listener for however many there are. */
export function atExit(task: () => void): () => void {
  if (!isListening) {
    isListening = true;
    process.once("exit", () => {
      for (const each of tasks) each();
    });
  }
  tasks.add(task);
  return () => void tasks.delete(task);
}
