/** Values that several examples have in common, from the documents that come with the program. */

export const SESSION_ID = "ddfecc37-4ded-438a-a67d-c0e44d72da11";
export const REQUEST_ID = "ec3dc91b-1d6c-4e61-a99c-8c35d036ed34";
export const JOB_ID = "60a3503c-3581-4b4f-99d7-8404de7fb6b8";
export const USER_ID = "8b7b3bf9-3faa-4738-98cd-6799339beef7";
export const KEY_ID = "5d0c8be2f1a94c37";
export const DOCUMENT_ID = "doc_bdb0d03c10d7c85505ba9744";
export const CONTENT_HASH = "61163562c73f56f705e224080903d78d7162d1ab786cebf1b6f89aef4150f75e";
/** Stands where the real one has to go. */
export const ADMIN_PASSWORD = "the password of admin";
export const USER_PASSWORD = "a sentence that nobody guesses";

/** What a passage and a citation say of the document they are from. */
export const TOWER = { documentId: DOCUMENT_ID, path: "archive/building-the-tower.md", title: "Building the tower, 1908 to 1912" };
