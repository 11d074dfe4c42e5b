/** What the operating system's refusals mean, in words for the owner of the files. */

/** The code of a system error, such as `EACCES`; undefined for any other. */
function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" && "syscall" in error ? error.code : undefined;
}

/** Why a file or folder cannot be read; undefined when the error is none of the operating system's. */
export function describeSystemError(error: unknown): string | undefined {
  const code = systemErrorCode(error);
  switch (code) {
    case undefined:
      return undefined;
    case "EACCES":
    case "EPERM":
      return "the server has no permission to read it";
    case "ENOENT":
    case "ENOTDIR":
    case "ESTALE":
      return "it was moved or deleted meanwhile";
    case "ELOOP":
    case "EMLINK":
      return "it is a symbolic link, which is not followed";
    case "ENXIO":
    case "EISDIR":
      return "it is not a regular file";
    case "ENAMETOOLONG":
      return "its path is too long";
    case "EMFILE":
    case "ENFILE":
      return "too many files are open; raise the limit of open files";
    case "EIO":
      return "the disk failed to read it (EIO)";
    default:
      return `the operating system refused to read it (${code})`;
  }
}
