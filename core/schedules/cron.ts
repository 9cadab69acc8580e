/**
 * A cron expression of EventBridge Scheduler: minutes, hours, day of month, month, day of week, year.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** Whether the hours field is `*`: then no hour of the day can be missed. */
  readonly everyHour: boolean;
  /** Whether it runs on that day of the calendar; months count from 1. */
  isOn(year: number, month: number, day: number): boolean;
  /** The same in crontab(5)'s five fields; undefined where those cannot say it. */
  readonly crontab: string | undefined;
}

interface Field {
  readonly name: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly words?: readonly string[];
}

const minuteField: Field = { name: 'minutes', minimum: 0, maximum: 59 };
const hourField: Field = { name: 'hours', minimum: 0, maximum: 23 };
const dayField: Field = { name: 'day-of-month', minimum: 1, maximum: 31 };
const monthField: Field = {
  name: 'month',
  minimum: 1,
  maximum: 12,
  words: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
};
const weekdayField: Field = {
  name: 'day-of-week',
  minimum: 1,
  maximum: 7,
  words: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
};
const yearField: Field = { name: 'year', minimum: 1970, maximum: 2199 };

class Problem extends Error {}

/** Reads `cron(0 3 * * ? *)`, or answers with a sentence that says what is wrong with it. */
export function parseCron(text: string): Cron | string {
  try {
    return cronOf(text);
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}

function cronOf(text: string): Cron {
  const parts = /^cron\((.*)\)$/.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  const [minute = '', hour = '', day = '', month = '', weekday = '', year = ''] = parts;
  if (parts.length !== 6) {
    throw new Problem('must be cron(minutes hours day-of-month month day-of-week year), like cron(0 3 * * ? *)');
  }
  if ((day === '?') === (weekday === '?')) {
    throw new Problem('must have ? in one of day-of-month and day-of-week, and not in both, like cron(0 3 * * ? *)');
  }
  const inMonth = new Set(numbers(month, monthField));
  const inYear = year === '*' ? undefined : new Set(numbers(year, yearField));
  const isRightDay = day === '?' ? onWeekdays(weekday) : onDaysOfMonth(day);
  return {
    minutes: numbers(minute, minuteField),
    hours: numbers(hour, hourField),
    everyHour: hour === '*',
    isOn: (y, m, d) => (inYear?.has(y) ?? true) && inMonth.has(m) && isRightDay(y, m, d),
    crontab: crontabOf(minute, hour, day, month, weekday, year),
  };
}

// A star, 5, MON, 1-5, 0/15, 1-20/3 and lists of them, as ascending numbers.
function numbers(text: string, field: Field): number[] {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\*|[A-Z0-9]+)(?:-([A-Z0-9]+))?(?:\/(\d+))?$/i.exec(part);
    if (!match?.[1] || (match[1] === '*' && match[2])) throw new Problem(wrong(part, field));
    const first = match[1] === '*' ? field.minimum : value(match[1], field);
    const last = match[2] ? value(match[2], field) : match[1] === '*' || match[3] ? field.maximum : first;
    const step = Number(match[3] ?? 1);
    if (step < 1 || step > field.maximum || last < first) throw new Problem(wrong(part, field));
    for (let each = first; each <= last; each += step) found.add(each);
  }
  return [...found].sort((a, b) => a - b);
}

function value(text: string, field: Field): number {
  const word = field.words?.indexOf(text.toUpperCase()) ?? -1;
  const number = word >= 0 ? word + field.minimum : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= field.minimum && number <= field.maximum) return number;
  throw new Problem(wrong(text, field));
}

function wrong(text: string, { name, minimum, maximum, words }: Field): string {
  return `has "${text}" as ${name}; allowed are ${minimum}-${maximum}${words ? ` or ${words[0]}-${words.at(-1)}` : ''}, with * , - and /`;
}

type DayTest = (year: number, month: number, day: number) => boolean;

/** `L` is the last day of the month, `15W` the weekday (Monday to Friday) that is nearest to the 15th within the month. */
function onDaysOfMonth(text: string): DayTest {
  if (text === 'L') return (year, month, day) => day === daysIn(year, month);
  const near = /^(\d+)W$/.exec(text)?.[1];
  if (near) {
    const wanted = value(near, dayField);
    return (year, month, day) => day === nearestWeekday(year, month, wanted);
  }
  const days = new Set(numbers(text, dayField));
  return (_year, _month, day) => days.has(day);
}

/** `6L` is the month's last Friday, `6#3` its third. */
function onWeekdays(text: string): DayTest {
  const special = /^([A-Z0-9]+?)(?:(L)|#([1-5]))$/i.exec(text);
  if (special?.[1]) {
    const wanted = value(special[1], weekdayField);
    const nth = Number(special[3] ?? 0);
    return (year, month, day) =>
      weekdayOf(year, month, day) === wanted &&
      (nth === 0 ? day + 7 > daysIn(year, month) : Math.ceil(day / 7) === nth);
  }
  const days = new Set(text === 'L' ? [weekdayField.maximum] : numbers(text, weekdayField));
  return (year, month, day) => days.has(weekdayOf(year, month, day));
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function weekdayOf(year: number, month: number, day: number): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
}

function nearestWeekday(year: number, month: number, day: number): number | undefined {
  const last = daysIn(year, month);
  if (day > last) return undefined;
  const weekday = weekdayOf(year, month, day);
  if (weekday === 7) return day === 1 ? 3 : day - 1;
  if (weekday === 1) return day === last ? day - 2 : day + 1;
  return day;
}

/** crontab(5) counts weekdays from Sunday 0, steps only over ranges, and has neither years nor L, W and #. */
function crontabOf(minute: string, hour: string, day: string, month: string, weekday: string, year: string) {
  const isSpecial = (text: string) => text === 'L' || /[#W]|\dL$/i.test(text);
  if (year !== '*' || (day !== '?' && isSpecial(day)) || (weekday !== '?' && isSpecial(weekday))) return undefined;
  const field = (text: string, { maximum }: Field) => text.replace(/(^|,)(\d+)\//g, `$1$2-${maximum}/`);
  const days = weekday === '?' ? '*' : numbers(weekday, weekdayField).map((each) => each - 1);
  return [
    field(minute, minuteField),
    field(hour, hourField),
    day === '?' ? '*' : field(day, dayField),
    field(month, monthField),
    days.length === 7 ? '*' : days.toString(),
  ].join(' ');
}
