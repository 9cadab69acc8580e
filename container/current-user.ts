/**
 * Who is to be given a right. With the number, because a folder that a container has mounted is given away outside it,
 * where nobody has heard of the image's user.
 */
export const currentUser = `the user who runs respaldo${process.getuid ? ` (uid ${process.getuid()})` : ''}`;
