/** `fetch` of a runtime that does not know `redirect: "error"`, for those who ask for it. */

/** A redirect that must not be followed fails, as it does where the runtime sees to it. */
export const fetchWithoutRedirects: typeof fetch = async (input, init) => {
  if (init?.redirect !== "error") return await fetch(input, init);
  const response = await fetch(input, { ...init, redirect: "manual" });
  const isRedirect = response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400);
  if (!isRedirect) return response;
  await response.body?.cancel();
  throw new TypeError("the server redirects, which is not followed");
};
