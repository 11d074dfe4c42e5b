/** What a key begins with: enough to recognise it by. */
export const keyPrefix = (id: string): string => `rag_${id}_`;
