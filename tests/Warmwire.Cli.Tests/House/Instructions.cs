using System.Collections.Frozen;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace Warmwire.Cli.Tests.House;

/// <summary>The tokens in a method's instructions: of types, methods, fields and signatures.</summary>
internal static class Instructions
{
    private static readonly FrozenDictionary<short, OperandType> s_operands = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(static field => (OpCode)field.GetValue(null)!)
        .ToFrozenDictionary(static code => code.Value, static code => code.OperandType);

    public static IReadOnlyList<EntityHandle> Operands(BlobReader code)
    {
        List<EntityHandle> operands = [];
        while (code.RemainingBytes > 0)
        {
            short value = code.ReadByte();
            if (value == 0xFE)
            {
                value = unchecked((short)(0xFE00 | code.ReadByte()));
            }

            OperandType operand = s_operands[value];
            if (
                operand is OperandType.InlineField
                    or OperandType.InlineMethod
                    or OperandType.InlineSig
                    or OperandType.InlineTok
                    or OperandType.InlineType)
            {
                operands.Add((EntityHandle)MetadataTokens.Handle(code.ReadInt32()));
            }
            else
            {
                // The number of a switch's targets is read here, so the offset is only then that from which the rest is counted.
                int length = LengthOf(operand, ref code);
                code.Offset += length;
            }
        }

        return operands;
    }

    private static int LengthOf(OperandType operand, ref BlobReader code) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineBrTarget or OperandType.InlineI or OperandType.InlineString or OperandType.ShortInlineR => 4,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 * code.ReadInt32(),
        _ => throw new InvalidDataException($"an instruction has an operand of kind {operand}"),
    };
}
