import type {} from 'preact';

declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      /**
       * Makes the element before it a button of the dashboard.
       * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_interactivity.html
       */
      'cwdb-action': {
        action: 'call';
        endpoint: string;
        display: 'popup' | 'widget';
        confirmation?: string | undefined;
        children: ComponentChildren;
      };
    }
  }
}

export interface ActionProps {
  readonly label: string;
  /** ARN of the Lambda that is called. */
  readonly endpoint: string;
  /** Becomes its event, with what the console adds. */
  readonly send: Readonly<Record<string, unknown>>;
  readonly display: 'popup' | 'widget';
  /** Asked by the console before it calls. */
  readonly confirmation?: string;
  readonly primary?: true;
}

export function Action({ label, endpoint, send, display, confirmation, primary }: ActionProps) {
  return (
    <>
      <a class={primary ? 'btn btn-primary' : 'btn'}>{label}</a>
      <cwdb-action action="call" endpoint={endpoint} display={display} confirmation={confirmation}>
        {JSON.stringify(send)}
      </cwdb-action>
    </>
  );
}
