export declare function processStart(pid: number): string | undefined;
export declare function hasProcess(pid: number): boolean;
export declare function commandLine(pid: number): string;
export declare function signalGroup(pid: number, signal: NodeJS.Signals): void;
