import { userInfo } from 'node:os';

/**
 * Who is to be given a right. With the number, because a folder that a container has mounted is given away outside it,
 * where nobody has heard of the image's user.
 */
export const currentUser = `the user who runs respaldo${process.getuid ? ` (uid ${process.getuid()})` : ''}`;

/** Undefined where nobody is named by this user's number, as in a container that runs with `--user 4321`. */
export function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined; // which is all that it throws for
  }
}
