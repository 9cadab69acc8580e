// Builds the image with whichever of Docker, Podman and Finch there is: npm run image [-- --build-arg PG_MAJORS=17 --tag …]
import { spawnSync } from 'node:child_process';

const root = new URL('..', import.meta.url).pathname;
const engine = ['docker', 'podman', 'finch'].find(
  (name) => spawnSync(name, ['info'], { stdio: 'ignore' }).status === 0,
);
if (!engine) {
  process.stderr.write(
    'image: none of docker, podman and finch works here\nimage: Install one, or start its daemon.\n',
  );
  process.exit(2);
}
const given = process.argv.slice(2);
// Given another name, it gets that alone: the image for drills must not take the place of the common one.
const isNamed = given.some((word) => /^(?:-t|--tag(?:=.*)?)$/.test(word));
const args = ['build', '--file', 'container/Dockerfile', ...(isNamed ? [] : ['--tag', 'respaldo']), ...given, '.'];
process.exitCode = spawnSync(engine, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
