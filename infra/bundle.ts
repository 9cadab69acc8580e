import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;

/**
 * A handler and all that it imports, the SDK included, as one file.
 *
 * CDK's NodejsFunction does the same through npx, which takes five times as long: that shows at every synthesis.
 */
export function bundled(name: string): Code {
  return Code.fromAsset(`${root}functions`, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: the bundling below always works, as esbuild comes with the development packages.
      image: DockerImage.fromRegistry('none'),
      // Never run either; it tells CDK one handler's bundle from the next one's.
      command: ['esbuild', name],
      local: {
        tryBundle(outputDirectory) {
          buildSync({
            absWorkingDir: root,
            entryPoints: [`functions/${name}.lambda.ts`],
            outfile: `${outputDirectory}/index.mjs`,
            bundle: true,
            format: 'esm',
            platform: 'node',
            target: 'node24',
            mainFields: ['module', 'main'],
            minify: true,
            keepNames: true,
            sourcemap: true,
            // The SDK has a few CommonJS modules that require others.
            banner: {
              js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
            },
            logLevel: 'warning',
          });
          return true;
        },
      },
    },
  });
}
