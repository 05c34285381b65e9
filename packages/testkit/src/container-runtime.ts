/** True when a Docker engine answers. Loads the library only when asked, for it is slow to load. */
export async function hasContainerRuntime(): Promise<boolean> {
  const { getContainerRuntimeClient } = await import("testcontainers");
  return getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
}
