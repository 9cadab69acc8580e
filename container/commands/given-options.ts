import type { Command } from 'commander';
import { OperatorError } from '../../core/errors.js';

/**
 * The options that somebody typed. An option that would say nothing beside the others is refused rather than passed
 * over: whoever typed it meant something by it.
 */
export class GivenOptions {
  private readonly names: ReadonlySet<string>;

  constructor(private readonly command: Command) {
    const typed = command.options.filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli');
    this.names = new Set(typed.map(({ long }) => long ?? ''));
  }

  has(...names: readonly string[]): boolean {
    return names.some((name) => this.names.has(name));
  }

  /** `option` is an answer by itself: nothing but `allowed` goes with it. */
  alone(option: string, allowed: readonly string[] = ['--json']): void {
    if (!this.has(option)) return;
    const other = [...this.names].find((name) => name !== option && !allowed.includes(name));
    if (other) throw this.contradiction(other, option);
    const [argument] = this.command.args;
    if (argument !== undefined) throw this.contradiction(`"${argument}"`, option);
  }

  /** None of `options` says anything beside `other`, which may be an option or a setting as somebody wrote it. */
  refuse(options: readonly string[], other: string, why?: string): void {
    const option = options.find((name) => this.has(name));
    if (option) throw this.contradiction(option, other, why);
  }

  /** `option` says something only beside `other`. */
  needs(option: string, other: string): void {
    if (this.has(option) && !this.has(other)) {
      throw new OperatorError(
        'USAGE',
        `${this.command.name()}: ${option} needs ${other}`,
        `Add ${other}, or leave ${option} out.`,
      );
    }
  }

  private contradiction(option: string, other: string, why?: string): OperatorError {
    return new OperatorError(
      'USAGE',
      `${this.command.name()}: ${option} and ${other} do not go together${why === undefined ? '' : `: ${why}`}`,
      `Leave one of them out; "respaldo ${this.command.name()} --help" says what each is for.`,
    );
  }
}
